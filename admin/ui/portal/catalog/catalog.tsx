import { Anchor, Button, Group, TextInput, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { maySee } from '../../app/navigation.ts'
import { DataList } from '../../kit/data-list.tsx'
import { Page } from '../../kit/page.tsx'
import { StateBadge } from '../../kit/state-badge.tsx'
import { EmptyState } from '../../kit/states.tsx'
import { catalogQuery, type PortalVersion, usePartner, usePortalPermissions } from '../queries.ts'

/** What the partner may see. */
export function Catalog() {
  const { t } = useTranslation('portal')
  const partner = usePartner()
  const mayStart = maySee(usePortalPermissions(), 'portal:write')
  const catalog = useQuery(catalogQuery(partner))
  const navigate = useNavigate()
  const { search = '' } = useSearch({ strict: false }) as { search?: string }
  const wanted = search.trim().toLowerCase()
  const rows = (catalog.data?.items ?? []).filter((one) =>
    `${one.apiTitle} ${one.apiName} ${one.name} ${one.description}`.toLowerCase().includes(wanted),
  )
  return (
    <Page title={t('catalog.title')} description={t('catalog.description')}>
      <TextInput
        aria-label={t('catalog.search')}
        placeholder={t('catalog.search')}
        value={search}
        onChange={(event) =>
          void navigate({
            to: '.',
            search: (event.currentTarget.value ? { search: event.currentTarget.value } : {}) as never,
            replace: true,
          })
        }
        maw={320}
        data-filter
      />
      <DataList
        label={t('catalog.title')}
        query={catalog}
        rows={rows}
        columns={[
          {
            accessor: 'apiTitle',
            title: t('catalog.api'),
            render: (one) => (
              <Anchor component={Link} to={`/portal/${partner}/apis/${one.id}`} fz="sm" fw={500}>
                {one.apiTitle}
              </Anchor>
            ),
          },
          { accessor: 'name', title: t('catalog.version') },
          { accessor: 'operations', title: t('catalog.operations'), textAlign: 'right' },
          { accessor: 'state', title: t('catalog.state'), render: (one) => <State version={one} /> },
          {
            accessor: 'start',
            title: <VisuallyHidden>{t('common:table.actions')}</VisuallyHidden>,
            textAlign: 'right',
            render: (one) =>
              mayStart && one.plans.length > 0 ? (
                <Group justify="flex-end">
                  <Button
                    component={Link}
                    to={`/portal/${partner}/start`}
                    search={{ version: one.id } as never}
                    size="compact-sm"
                    variant="default"
                  >
                    {t('catalog.getKey')}
                  </Button>
                </Group>
              ) : null,
          },
        ]}
        empty={<EmptyState title={t(wanted ? 'catalog.none' : 'catalog.empty')} />}
      />
    </Page>
  )
}

function State({ version }: { readonly version: PortalVersion }) {
  const { t } = useTranslation('portal')
  const states = version.subscriptions.map(({ state }) => state)
  if (states.includes('active')) return <StateBadge tone="good" label={t('subscription.active')} />
  if (states.includes('pending')) return <StateBadge tone="warning" label={t('subscription.pending')} />
  if (states.includes('declined')) return <StateBadge tone="bad" label={t('subscription.declined')} />
  return <StateBadge tone="quiet" label={t('subscription.none')} />
}
