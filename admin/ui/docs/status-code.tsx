import { ColorSwatch, Group } from '@mantine/core'

const colors: Record<string, string> = { 2: 'green', 3: 'blue', 4: 'orange', 5: 'red' }

/** The number says what came; the dot only helps to see it at a glance. */
export function StatusCode({ status }: { readonly status: string | number }) {
  const color = colors[String(status)[0] ?? ''] ?? 'gray'
  return (
    <Group component="span" gap={6} wrap="nowrap" display="inline-flex">
      <ColorSwatch component="span" size={8} color={`var(--mantine-color-${color}-6)`} withShadow={false} />
      <span>{status}</span>
    </Group>
  )
}
