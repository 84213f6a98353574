import { Alert, Button, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { IconBell, IconRocket } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { maySee } from '../../app/navigation.ts'
import { Page } from '../../kit/page.tsx'
import { ErrorState } from '../../kit/states.tsx'
import { RelativeTime } from '../../kit/time.tsx'
import {
  applicationsQuery,
  credentialsQuery,
  noticesQuery,
  subscriptionsQuery,
  usePartner,
  usePortalPermissions,
} from '../queries.ts'

/** Where a partner begins: the way to the first key, and later what is there and what needs looking at. */
export function Home() {
  const { t } = useTranslation('portal')
  const partner = usePartner()
  const mayStart = maySee(usePortalPermissions(), 'portal:write')
  const applications = useQuery(applicationsQuery(partner))
  const credentials = useQuery(credentialsQuery(partner))
  const subscriptions = useQuery(subscriptionsQuery(partner))
  const base = `/portal/${partner}`
  if (applications.error && !applications.data)
    return <ErrorState error={applications.error} onRetry={() => void applications.refetch()} />
  const live = credentials.data?.items.filter(({ revokedAt }) => revokedAt === null)
  const tiles = [
    { key: 'applications', value: applications.data?.items.length, to: `${base}/applications` },
    { key: 'credentials', value: live?.length, to: `${base}/applications` },
    {
      key: 'subscriptions',
      value: subscriptions.data?.items.filter(({ state }) => state === 'active').length,
      to: `${base}/apis`,
    },
  ]
  return (
    <Page
      title={t('home.title')}
      actions={
        mayStart && (
          <Button component={Link} to={`${base}/start`} leftSection={<IconRocket size={16} aria-hidden />}>
            {t('home.start')}
          </Button>
        )
      }
    >
      {live?.length === 0 && (
        <Card withBorder p="lg">
          <Stack gap="xs">
            <Title order={2}>{t('home.first.title')}</Title>
            <Text c="dimmed">{t('home.first.detail')}</Text>
          </Stack>
        </Card>
      )}
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        {tiles.map(({ key, value, to }) => (
          <Card key={key} withBorder p="md" component={Link} to={to}>
            <Text fz="xs" c="dimmed">
              {t(`home.tile.${key}`)}
            </Text>
            <Text fz={24} fw={600} className="numbers">
              {value ?? '–'}
            </Text>
          </Card>
        ))}
      </SimpleGrid>
      <Notices />
    </Page>
  )
}

function Notices() {
  const { t } = useTranslation('portal')
  const partner = usePartner()
  const notices = useQuery(noticesQuery(partner))
  if (!notices.data || notices.data.items.length === 0) return null
  return (
    <Stack gap="xs">
      <Title order={2}>{t('home.notices')}</Title>
      {notices.data.items.map((notice) => (
        <Alert
          key={`${notice.kind} ${notice.credentialId ?? notice.versionId ?? notice.applicationId}`}
          color={notice.isUrgent ? 'orange' : 'gray'}
          icon={<IconBell size={16} aria-hidden />}
        >
          <Group justify="space-between">
            <Text fz="sm">
              {t(`notice.${notice.kind}`, { application: notice.applicationTitle, hint: notice.hint ?? '' })}
              {notice.reason && ` ${notice.reason}`}
            </Text>
            <Text fz="xs" c="dimmed" component="span">
              <RelativeTime at={notice.at} />
            </Text>
          </Group>
        </Alert>
      ))}
    </Stack>
  )
}
