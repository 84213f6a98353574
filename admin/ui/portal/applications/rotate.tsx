import { Button, Group, Modal, Select, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, dataOf } from '../../api/client.ts'
import { ProblemAlert } from '../../kit/problem-alert.tsx'
import { SecretDialog } from '../../kit/secret-dialog.tsx'
import { type Credential, ownKey, usePartner } from '../queries.ts'

/** How long the old secret stays good, in seconds. */
const overlaps = [0, 60, 900, 3_600, 21_600, 86_400] as const

interface DoingProps {
  readonly credential: Credential
  readonly onClose: () => void
}

/** A new secret beside the old one, for as long as it takes to bring it to all machines. */
export function Rotate({ credential, onClose }: DoingProps) {
  const { t } = useTranslation('portal')
  const partner = usePartner()
  const client = useQueryClient()
  const [overlapSeconds, setOverlap] = useState(86_400)
  const rotate = useMutation({
    mutationFn: () =>
      dataOf(
        api.POST('/api/portal/{partner}/credentials/{credential}/rotate', {
          params: { path: { partner, credential: credential.id } },
          body: { overlapSeconds, endTokens: false },
        }),
      ),
    gcTime: 0,
    onSuccess: () => client.invalidateQueries({ queryKey: ownKey(partner) }),
  })
  if (rotate.data?.secret)
    return (
      <SecretDialog
        title={t('rotate.done')}
        secret={rotate.data.secret}
        variable={credential.kind === 'api-key' ? 'API_KEY' : 'CLIENT_SECRET'}
        onDone={() => {
          rotate.reset()
          onClose()
        }}
      />
    )
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('rotate.title')}
      closeButtonProps={{ 'aria-label': t('common:action.close') }}
    >
      <Stack>
        <Text fz="sm">{t('rotate.detail')}</Text>
        <ProblemAlert error={rotate.error} />
        <Select
          label={t('rotate.overlap')}
          data={overlaps.map((seconds) => ({ value: String(seconds), label: t(`rotate.for.${seconds}`) }))}
          value={String(overlapSeconds)}
          onChange={(value) => value && setOverlap(Number(value))}
          allowDeselect={false}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('common:action.cancel')}
          </Button>
          <Button onClick={() => rotate.mutate()} loading={rotate.isPending}>
            {t('rotate.action')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
