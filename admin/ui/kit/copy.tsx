import { ActionIcon, Code, Group, TextInput, Tooltip } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

/** A value in monospace with a button that copies it. */
export function Copy({ value, label }: { readonly value: string; readonly label?: string }) {
  return (
    <Group component="span" gap={4} wrap="nowrap" display="inline-flex">
      <Code>{label ?? value}</Code>
      <CopyButton value={value} />
    </Group>
  )
}

/** Where the browser gives no clipboard (plain http in an intranet) the value stands in a field to copy by hand. */
export function CopyButton({ value }: { readonly value: string }) {
  const { t } = useTranslation()
  const { copy, copied, error } = useClipboard({ timeout: 2_000 })
  if (error)
    return (
      <TextInput
        size="xs"
        readOnly
        value={value}
        aria-label={t('action.copyByHand')}
        ref={(field) => field?.select()}
      />
    )
  const label = t(copied ? 'action.copied' : 'action.copy')
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label={label} onClick={() => copy(value)}>
        {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
      </ActionIcon>
    </Tooltip>
  )
}
