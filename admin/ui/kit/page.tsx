import { Anchor, Breadcrumbs, Group, Stack, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useEffect } from 'react'

interface PageProps {
  readonly title: string
  readonly description?: ReactNode
  /** The way here, without this page. */
  readonly crumbs?: readonly { readonly title: string; readonly to: string }[]
  readonly actions?: ReactNode
  readonly children: ReactNode
}

/** A screen: where one is, what it is called, what can be done, and then the thing itself. */
export function Page({ title, description, crumbs = [], actions, children }: PageProps) {
  useEffect(() => {
    document.title = title
  }, [title])
  return (
    <Stack gap="md" maw={1280} mx="auto" w="100%">
      {crumbs.length > 0 && (
        <Breadcrumbs fz="xs" separatorMargin={6}>
          {crumbs.map(({ title, to }) => (
            <Anchor key={to} component={Link} to={to} fz="xs" c="dimmed">
              {title}
            </Anchor>
          ))}
        </Breadcrumbs>
      )}
      <Group justify="space-between" align="flex-start" gap="sm">
        <div>
          <Title order={1}>{title}</Title>
          {description && (
            <Text c="dimmed" fz="sm" maw={720}>
              {description}
            </Text>
          )}
        </div>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  )
}
