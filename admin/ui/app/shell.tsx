import { AppShell, Badge, Burger, Group, NavLink, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useLocation, useParams } from '@tanstack/react-router'
import { Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { Account } from './account.tsx'
import { approvalsQuery } from './approvals.ts'
import { type Entry, maySee, platformEntries, portalEntries } from './navigation.ts'
import { PaletteHost } from './palette/host.tsx'
import { Shortcuts } from './shortcuts.tsx'
import { useSession } from './use-session.ts'
import { Workspaces } from './workspaces.tsx'

/** The frame around every screen: where one can go, who one is, and which world one looks at. */
export function Shell() {
  const { t } = useTranslation()
  const [isOpen, { toggle, close }] = useDisclosure()
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding="md"
    >
      <a className="skip-link" href="#content">
        {t('shell.skip')}
      </a>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={isOpen} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t('shell.menu')} />
            <Text fw={600} visibleFrom="xs">
              {t('shell.name')}
            </Text>
            <Workspaces />
          </Group>
          <Group gap="xs" wrap="nowrap">
            <PaletteHost />
            <Account />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={t('shell.navigation')}>
        <Navigation onGo={close} />
      </AppShell.Navbar>
      <Shortcuts />
      <AppShell.Main id="content" tabIndex={-1}>
        <Suspense>
          <Outlet />
        </Suspense>
      </AppShell.Main>
    </AppShell>
  )
}

function Navigation({ onGo }: { readonly onGo: () => void }) {
  const { t } = useTranslation()
  const session = useSession()
  const { partner } = useParams({ strict: false })
  const { pathname } = useLocation()
  const base = partner === undefined ? '' : `/portal/${partner}`
  const permissions =
    partner === undefined
      ? session.permissions
      : (session.partners.find((one) => one.name === partner || one.id === partner)?.permissions ?? [])
  const entries = (partner === undefined ? platformEntries : portalEntries).filter(({ needs }) =>
    maySee(permissions, needs),
  )
  const here = entryOf(entries, base, pathname)
  return entries.map((entry) => (
    <NavLink
      key={entry.key}
      component={Link}
      to={base + entry.to}
      // One line is active, and not each whose address begins this one.
      activeOptions={{ exact: true }}
      label={t(`nav.${entry.key}`)}
      leftSection={<entry.icon size={16} stroke={1.6} aria-hidden />}
      rightSection={entry.hasCount && <Waiting />}
      active={entry === here}
      aria-current={entry === here ? 'page' : undefined}
      onClick={onGo}
    />
  ))
}

/** How many wait for a decision; nothing where nobody does. */
function Waiting() {
  const { t } = useTranslation()
  const total = useQuery(approvalsQuery).data?.total ?? 0
  if (total === 0) return null
  return (
    <Badge size="sm" radius="sm" variant="light" aria-label={t('shell.waiting', { count: total })}>
      {total}
    </Badge>
  )
}

/** The entry whose address is the longest that begins the present one. */
function entryOf(entries: readonly Entry[], base: string, pathname: string): Entry | undefined {
  const matching = entries.filter(({ to }) => pathname === base + to || pathname.startsWith(`${base}${to}/`))
  return matching.sort((a, b) => b.to.length - a.to.length)[0]
}
