import { Anchor, Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { maySee } from '../../app/navigation.ts'
import { DataList } from '../../kit/data-list.tsx'
import { Page } from '../../kit/page.tsx'
import { StateBadge } from '../../kit/state-badge.tsx'
import { EmptyState } from '../../kit/states.tsx'
import { RelativeTime } from '../../kit/time.tsx'
import { applicationsQuery, credentialsQuery, usePartner, usePortalPermissions } from '../queries.ts'

export function Applications() {
  const { t } = useTranslation('portal')
  const partner = usePartner()
  const mayStart = maySee(usePortalPermissions(), 'portal:write')
  const applications = useQuery(applicationsQuery(partner))
  const credentials = useQuery(credentialsQuery(partner))
  const keysOf = (id: string) =>
    credentials.data?.items.filter((one) => one.applicationId === id && one.revokedAt === null).length
  const start = mayStart && (
    <Button component={Link} to={`/portal/${partner}/start`}>
      {t('home.start')}
    </Button>
  )
  return (
    <Page title={t('applications.title')} description={t('applications.description')} actions={start}>
      <DataList
        label={t('applications.title')}
        query={applications}
        rows={applications.data?.items ?? []}
        columns={[
          {
            accessor: 'title',
            title: t('applications.application'),
            render: ({ id, title }) => (
              <Anchor component={Link} to={`/portal/${partner}/applications/${id}`} fz="sm" fw={500}>
                {title}
              </Anchor>
            ),
          },
          {
            accessor: 'state',
            title: t('catalog.state'),
            render: ({ isSuspended }) =>
              isSuspended ? (
                <StateBadge tone="bad" label={t('applications.suspended')} />
              ) : (
                <StateBadge tone="good" label={t('applications.active')} />
              ),
          },
          {
            accessor: 'keys',
            title: t('applications.keys'),
            textAlign: 'right',
            render: ({ id }) => keysOf(id) ?? '–',
          },
          {
            accessor: 'createdAt',
            title: t('applications.created'),
            textAlign: 'right',
            render: ({ createdAt }) => <RelativeTime at={createdAt} />,
          },
        ]}
        empty={
          <EmptyState title={t('applications.empty')} action={start}>
            {t('home.first.detail')}
          </EmptyState>
        }
      />
    </Page>
  )
}
