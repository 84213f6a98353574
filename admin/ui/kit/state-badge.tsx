import { Badge } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck, IconCircleDashed, IconCircleX } from '@tabler/icons-react'

export type Tone = 'good' | 'warning' | 'bad' | 'quiet'

const looks = {
  good: { color: 'teal', icon: IconCircleCheck },
  warning: { color: 'yellow', icon: IconAlertTriangle },
  bad: { color: 'red', icon: IconCircleX },
  quiet: { color: 'gray', icon: IconCircleDashed },
} as const

/** A state: a word and a sign, so that colour is never all that tells it. */
export function StateBadge({ tone, label }: { readonly tone: Tone; readonly label: string }) {
  const { color, icon: Icon } = looks[tone]
  return (
    <Badge
      variant="light"
      color={color}
      radius="sm"
      tt="none"
      fw={500}
      leftSection={<Icon size={12} aria-hidden />}
    >
      {label}
    </Badge>
  )
}
