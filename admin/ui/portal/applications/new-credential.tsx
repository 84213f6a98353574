import { Button, Group, Modal, SegmentedControl, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, dataOf } from '../../api/client.ts'
import { ProblemAlert } from '../../kit/problem-alert.tsx'
import { SecretDialog } from '../../kit/secret-dialog.tsx'
import { ownKey, usePartner } from '../queries.ts'

type Kind = 'api-key' | 'oauth-client'
type World = 'sandbox' | 'live'

export function NewCredential({
  application,
  onClose,
}: {
  readonly application: string
  readonly onClose: () => void
}) {
  const { t } = useTranslation('portal')
  const partner = usePartner()
  const client = useQueryClient()
  const [kind, setKind] = useState<Kind>('api-key')
  const [environment, setEnvironment] = useState<World>('sandbox')
  const [title, setTitle] = useState('')
  const create = useMutation({
    mutationFn: () =>
      dataOf(
        api.POST('/api/portal/{partner}/applications/{application}/credentials', {
          params: { path: { partner, application } },
          body: { kind, environment, title, scopes: null, expiresAt: null, redirectUris: [] },
        }),
      ),
    gcTime: 0,
    onSuccess: () => client.invalidateQueries({ queryKey: ownKey(partner) }),
  })
  if (create.data?.secret)
    return (
      <SecretDialog
        title={t('credentials.made')}
        secret={create.data.secret}
        variable={kind === 'api-key' ? 'API_KEY' : 'CLIENT_SECRET'}
        onDone={() => {
          create.reset()
          onClose()
        }}
      />
    )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate()
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('credentials.new')}
      closeButtonProps={{ 'aria-label': t('common:action.close') }}
    >
      <form onSubmit={submit}>
        <Stack>
          <ProblemAlert error={create.error} />
          <SegmentedControl
            aria-label={t('credentials.kind')}
            data={(['api-key', 'oauth-client'] as const).map((value) => ({
              value,
              label: t(`kind.${value}`),
            }))}
            value={kind}
            onChange={(value) => setKind(value as Kind)}
          />
          <SegmentedControl
            aria-label={t('credentials.world')}
            data={(['sandbox', 'live'] as const).map((value) => ({ value, label: t(`world.${value}`) }))}
            value={environment}
            onChange={(value) => setEnvironment(value as World)}
          />
          <TextInput
            label={t('credentials.name')}
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
            required
            maxLength={200}
            data-autofocus
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('common:action.cancel')}
            </Button>
            <Button type="submit" loading={create.isPending}>
              {t('credentials.create')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
