import { Button, Checkbox, Code, Group, Modal, Stack, Text } from '@mantine/core'
import { IconDownload, IconEye, IconEyeOff } from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { CopyButton } from './copy.tsx'

interface SecretDialogProps {
  readonly title: string
  /** In clear; in the memory of this dialog and of who opened it, and nowhere else. */
  readonly secret: string
  /** Its name in an environment, e.g. `API_KEY`. */
  readonly variable: string
  readonly children?: ReactNode
  readonly onDone: () => void
}

/** Shows a secret this once. It does not close by a slip: only by saying that the secret is stored. */
export function SecretDialog({ title, secret, variable, children, onDone }: SecretDialogProps) {
  const { t } = useTranslation()
  return (
    <Modal
      opened
      onClose={() => undefined}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
      title={title}
      size="lg"
    >
      <Stack>
        <Text fz="sm">{t('secret.once')}</Text>
        <SecretField secret={secret} variable={variable} />
        {children}
        <Acknowledge onDone={onDone} />
      </Stack>
    </Modal>
  )
}

export function SecretField({ secret, variable }: Pick<SecretDialogProps, 'secret' | 'variable'>) {
  const { t } = useTranslation()
  const [isShown, setShown] = useState(false)
  const save = () => {
    const url = URL.createObjectURL(new Blob([`${variable}=${secret}\n`], { type: 'text/plain' }))
    const link = document.createElement('a')
    link.href = url
    link.download = '.env'
    link.click()
    URL.revokeObjectURL(url)
  }
  return (
    <Group gap="xs" wrap="wrap">
      <Code p={8} style={{ overflowWrap: 'anywhere' }} data-testid="secret">
        {isShown ? secret : `${secret.slice(0, 13)}${'•'.repeat(12)}`}
      </Code>
      <Button
        size="xs"
        variant="default"
        leftSection={isShown ? <IconEyeOff size={14} aria-hidden /> : <IconEye size={14} aria-hidden />}
        onClick={() => setShown(!isShown)}
      >
        {t(isShown ? 'secret.hide' : 'secret.reveal')}
      </Button>
      <CopyButton value={secret} />
      <Button size="xs" variant="default" leftSection={<IconDownload size={14} aria-hidden />} onClick={save}>
        {t('secret.download')}
      </Button>
    </Group>
  )
}

export function Acknowledge({ onDone }: { readonly onDone: () => void }) {
  const { t } = useTranslation()
  const [isStored, setStored] = useState(false)
  return (
    <Group justify="space-between">
      <Checkbox
        label={t('secret.stored')}
        checked={isStored}
        onChange={(event) => setStored(event.currentTarget.checked)}
      />
      <Button disabled={!isStored} onClick={onDone}>
        {t('action.done')}
      </Button>
    </Group>
  )
}
