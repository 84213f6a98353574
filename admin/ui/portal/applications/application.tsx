import { Button, Group, Stack, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { maySee } from '../../app/navigation.ts'
import { DataList } from '../../kit/data-list.tsx'
import { Page } from '../../kit/page.tsx'
import { StateBadge } from '../../kit/state-badge.tsx'
import { EmptyState, ErrorState } from '../../kit/states.tsx'
import {
  applicationsQuery,
  credentialsQuery,
  subscriptionsQuery,
  usePartner,
  usePortalPermissions,
} from '../queries.ts'
import { Credentials } from './credentials.tsx'
import { NewCredential } from './new-credential.tsx'

/** One program of the partner: what it proves itself with, and what it may use. */
export function Application() {
  const { t } = useTranslation('portal')
  const partner = usePartner()
  const { application: id = '' } = useParams({ strict: false }) as { application?: string }
  const mayChange = maySee(usePortalPermissions(), 'portal:write')
  const [isNew, setNew] = useState(false)
  const applications = useQuery(applicationsQuery(partner))
  const credentials = useQuery(credentialsQuery(partner))
  const subscriptions = useQuery(subscriptionsQuery(partner))
  const application = applications.data?.items.find((one) => one.id === id)
  if (applications.error && !applications.data)
    return <ErrorState error={applications.error} onRetry={() => void applications.refetch()} />
  if (applications.data && !application)
    return <EmptyState title={t('common:fault.404.title')}>{t('common:fault.404.detail')}</EmptyState>
  const own = credentials.data?.items.filter(({ applicationId }) => applicationId === id) ?? []
  return (
    <Page
      title={application?.title ?? ''}
      description={application?.description}
      crumbs={[{ title: t('applications.title'), to: `/portal/${partner}/applications` }]}
    >
      <Stack gap="xs">
        <Group justify="space-between">
          <Title order={2}>{t('credentials.title')}</Title>
          {mayChange && (
            <Button size="xs" variant="default" onClick={() => setNew(true)}>
              {t('credentials.new')}
            </Button>
          )}
        </Group>
        <Credentials query={credentials} credentials={own} mayChange={mayChange} />
      </Stack>
      <Stack gap="xs">
        <Title order={2}>{t('subscriptions.title')}</Title>
        <DataList
          label={t('subscriptions.title')}
          query={subscriptions}
          rows={subscriptions.data?.items.filter(({ applicationId }) => applicationId === id) ?? []}
          columns={[
            {
              accessor: 'version',
              title: t('catalog.api'),
              render: ({ version }) =>
                version ? `${version.apiTitle} ${version.name}` : t('subscriptions.gone'),
            },
            { accessor: 'plan', title: t('subscriptions.plan'), render: ({ plan }) => plan?.title ?? '–' },
            {
              accessor: 'state',
              title: t('catalog.state'),
              render: ({ state }) => (
                <StateBadge
                  tone={state === 'active' ? 'good' : state === 'pending' ? 'warning' : 'bad'}
                  label={t(`subscription.${state}`)}
                />
              ),
            },
          ]}
          empty={<EmptyState title={t('subscriptions.empty')} />}
        />
      </Stack>
      {isNew && <NewCredential application={id} onClose={() => setNew(false)} />}
    </Page>
  )
}
