import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, dataOf } from '../../api/client.ts'
import { ProblemAlert } from '../../kit/problem-alert.tsx'
import { RelativeTime } from '../../kit/time.tsx'
import { type Credential, ownKey, usePartner } from '../queries.ts'

/** Ends a credential for good: what breaks is said first, and its name is typed. */
export function Revoke({
  credential,
  onClose,
}: {
  readonly credential: Credential
  readonly onClose: () => void
}) {
  const { t } = useTranslation('portal')
  const partner = usePartner()
  const client = useQueryClient()
  const [typed, setTyped] = useState('')
  const name = credential.title || credential.id
  const revoke = useMutation({
    mutationFn: () =>
      dataOf(
        api.POST('/api/portal/{partner}/credentials/{credential}/revoke', {
          params: { path: { partner, credential: credential.id } },
        }),
      ),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ownKey(partner) })
      onClose()
    },
  })
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('revoke.title')}
      closeButtonProps={{ 'aria-label': t('common:action.close') }}
    >
      <Stack>
        <Text fz="sm">{t('revoke.detail')}</Text>
        <Text fz="sm" fw={500}>
          {credential.lastUsedAt === null ? (
            t('revoke.unused')
          ) : (
            <>
              {t('credentials.lastUsed')} <RelativeTime at={credential.lastUsedAt} />
            </>
          )}
        </Text>
        <ProblemAlert error={revoke.error} />
        <TextInput
          label={t('revoke.type', { name })}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          data-autofocus
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('common:action.cancel')}
          </Button>
          <Button
            color="red"
            disabled={typed !== name}
            onClick={() => revoke.mutate()}
            loading={revoke.isPending}
          >
            {t('revoke.action')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
