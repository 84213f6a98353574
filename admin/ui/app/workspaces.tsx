import { Button, Menu } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { Link, useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { worksForPlatform } from './navigation.ts'
import { useSession } from './use-session.ts'

/** Which side one works on, and for whom; a menu where there is a choice. */
export function Workspaces() {
  const { t } = useTranslation()
  const session = useSession()
  const { partner } = useParams({ strict: false })
  const current = session.partners.find((one) => one.name === partner || one.id === partner)
  const name = current?.title ?? t('shell.platform')
  const places = [
    ...(worksForPlatform(session) ? [{ to: '/admin', name: t('shell.platform') }] : []),
    ...session.partners.map((one) => ({ to: `/portal/${one.name}`, name: one.title })),
  ]
  return (
    <Menu>
      <Menu.Target>
        <Button variant="default" size="compact-sm" rightSection={<IconChevronDown size={14} aria-hidden />}>
          {name}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {places.map((place) => (
          <Menu.Item key={place.to} component={Link} to={place.to}>
            {place.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
