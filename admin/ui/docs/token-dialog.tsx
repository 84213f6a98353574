import { Alert, Button, Checkbox, Group, Modal, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { problemOf } from '../api/problem.ts'
import { indexQuery, useSource } from './source.tsx'

interface TokenDialogProps {
  readonly isOpen: boolean
  readonly onClose: () => void
  /** What the operation needs: chosen at first. */
  readonly scopes: readonly string[]
  readonly onToken: (token: string) => void
}

/** Gets a token from the gateway's token endpoint. Id and secret are forgotten when the dialog closes. */
export function TokenDialog({ isOpen, onClose, scopes, onToken }: TokenDialogProps) {
  const { t } = useTranslation('docs')
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={t('credential.get')}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <TokenForm
        scopes={scopes}
        onToken={(token) => {
          onToken(token)
          onClose()
        }}
      />
    </Modal>
  )
}

function TokenForm({ scopes, onToken }: Pick<TokenDialogProps, 'scopes' | 'onToken'>) {
  const { t } = useTranslation('docs')
  const source = useSource()
  const { data: index } = useQuery(indexQuery(source))
  const [clientId, setClientId] = useState('')
  const [clientSecret, setClientSecret] = useState('')
  const [chosen, setChosen] = useState([...scopes])
  const all = [...new Set((index?.operations ?? []).flatMap((operation) => operation.scopes.flat()))]
  const asking = useMutation({
    mutationFn: () =>
      source.token({ clientId: clientId.trim(), clientSecret: clientSecret.trim(), scopes: chosen }),
    onSuccess: ({ accessToken }) => accessToken && onToken(accessToken),
  })
  const refused = asking.data?.error
  const problem = asking.error && problemOf(asking.error)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        // The dialog stands inside of another form, which this does not send.
        event.stopPropagation()
        asking.mutate()
      }}
    >
      <Stack gap="sm">
        <TextInput
          data-autofocus
          required
          label={t('token.clientId')}
          value={clientId}
          autoComplete="off"
          onChange={({ currentTarget }) => setClientId(currentTarget.value)}
        />
        <PasswordInput
          required
          label={t('token.clientSecret')}
          value={clientSecret}
          autoComplete="off"
          visibilityToggleButtonProps={{ 'aria-label': t('credential.show') }}
          onChange={({ currentTarget }) => setClientSecret(currentTarget.value)}
        />
        {all.length > 0 && (
          <Checkbox.Group
            label={t('token.scopes')}
            description={t('token.noScopes')}
            value={chosen}
            onChange={setChosen}
          >
            <Stack gap={6} mt={6}>
              {all.map((scope) => (
                <Checkbox key={scope} value={scope} label={scope} />
              ))}
            </Stack>
          </Checkbox.Group>
        )}
        {refused && (
          <Alert color="red" title={t(`token.error.${known.includes(refused) ? refused : 'other'}`)}>
            {asking.data?.errorDescription || refused}
          </Alert>
        )}
        {problem && (
          <Alert color="red" title={problem.title || t('try.failed')}>
            {problem.detail}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button type="submit" loading={asking.isPending}>
            {t('credential.get')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

const known = ['invalid_client', 'invalid_scope', 'unauthorized_client']
