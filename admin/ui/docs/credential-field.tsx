import { Badge, Button, Group, PasswordInput, SegmentedControl, Stack } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useTranslation } from 'react-i18next'
import { environmentOf, hold, useHeld } from './held.ts'
import { TokenDialog } from './token-dialog.tsx'

/** What the call is proved by. Who has a token already needs to know nothing of clients and secrets. */
export function CredentialField({ scopes }: { readonly scopes: readonly (readonly string[])[] }) {
  const { t } = useTranslation('docs')
  const held = useHeld()
  const [isOpen, { open, close }] = useDisclosure()
  const environment = environmentOf(held.secret)
  return (
    <Stack gap={6}>
      <SegmentedControl
        size="xs"
        aria-label={t('credential.kind')}
        value={held.kind}
        onChange={(kind) => hold({ kind: kind as typeof held.kind, secret: '' })}
        data={[
          { value: 'api-key', label: t('credential.key') },
          { value: 'token', label: t('credential.token') },
        ]}
        maw={280}
      />
      <Group align="flex-end" gap="xs">
        <PasswordInput
          flex={1}
          miw={220}
          label={t(held.kind === 'token' ? 'credential.token' : 'credential.key')}
          description={t('credential.where')}
          placeholder={held.kind === 'token' ? 'pgt_test_…' : 'pgk_test_…'}
          value={held.secret}
          autoComplete="off"
          data-1p-ignore
          visibilityToggleButtonProps={{ 'aria-label': t('credential.show') }}
          onChange={({ currentTarget }) => hold({ kind: held.kind, secret: currentTarget.value.trim() })}
        />
        {held.kind === 'token' && (
          <Button variant="default" onClick={open}>
            {t('credential.get')}
          </Button>
        )}
      </Group>
      {environment && (
        <Badge variant="light" color={environment === 'live' ? 'red' : 'blue'} tt="none">
          {t(`environment.${environment}`)}
        </Badge>
      )}
      <TokenDialog
        isOpen={isOpen}
        onClose={close}
        scopes={[...new Set(scopes.flat())]}
        onToken={(token) => hold({ kind: 'token', secret: token })}
      />
    </Stack>
  )
}
