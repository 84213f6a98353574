import { Badge, type MantineColor } from '@mantine/core'

const colors: Record<string, MantineColor> = {
  GET: 'blue',
  POST: 'green',
  PUT: 'orange',
  PATCH: 'orange',
  DELETE: 'red',
}

/** The word says which; colour only helps to find it. */
export function Method({ name, size = 'sm' }: { readonly name: string; readonly size?: 'xs' | 'sm' | 'md' }) {
  return (
    <Badge variant="light" color={colors[name] ?? 'gray'} size={size} radius="sm" ff="monospace" miw={52}>
      {name}
    </Badge>
  )
}
