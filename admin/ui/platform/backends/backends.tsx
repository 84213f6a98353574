import { Anchor, Group, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { DataList } from '../../kit/data-list.tsx'
import { Page } from '../../kit/page.tsx'
import { EmptyState } from '../../kit/states.tsx'
import { RelativeTime } from '../../kit/time.tsx'
import { TargetState, worstOf } from './health.tsx'
import { healthQuery, type Upstream, upstreamsQuery } from './queries.ts'

/** P9: the payment services behind the gateway, and how gateways find their targets. */
export function Backends() {
  const { t } = useTranslation('backends')
  const navigate = useNavigate()
  const { search = '' } = useSearch({ strict: false }) as { search?: string }
  const upstreams = useQuery(upstreamsQuery)
  const wanted = search.toLowerCase()
  const rows = (upstreams.data?.items ?? []).filter((one) =>
    `${one.name} ${one.title} ${one.targets.map(({ url }) => url).join(' ')}`.toLowerCase().includes(wanted),
  )
  return (
    <Page title={t('title')} description={t('description')}>
      <TextInput
        aria-label={t('filter')}
        placeholder={t('filter')}
        data-filter
        value={search}
        maw={360}
        onChange={({ currentTarget: { value } }) =>
          void navigate({ to: '.', search: value ? { search: value } : {}, replace: true })
        }
      />
      <DataList
        label={t('title')}
        query={upstreams}
        rows={rows}
        columns={[
          { accessor: 'title', title: t('field.name'), render: (one) => <Name upstream={one} /> },
          {
            accessor: 'strategy',
            title: t('field.strategy'),
            render: (one) => t(`strategy.${one.strategy}`),
          },
          {
            accessor: 'targets',
            title: t('field.targets'),
            textAlign: 'right',
            render: ({ targets }) => targets.length,
          },
          { accessor: 'health', title: t('field.health'), render: (one) => <Health upstream={one} /> },
          {
            accessor: 'updatedAt',
            title: t('field.updatedAt'),
            textAlign: 'right',
            render: ({ updatedAt }) => <RelativeTime at={updatedAt} />,
          },
        ]}
        empty={<EmptyState title={t('empty.title')}>{t('empty.detail')}</EmptyState>}
      />
    </Page>
  )
}

function Name({ upstream }: { readonly upstream: Upstream }) {
  return (
    <div>
      <Anchor component={Link} to={`/admin/backends/${upstream.id}`} fw={500} fz="sm">
        {upstream.title || upstream.name}
      </Anchor>
      {upstream.title !== '' && (
        <Text fz="xs" c="dimmed">
          {upstream.name}
        </Text>
      )}
    </div>
  )
}

/** The worst states, with how many targets are in each. */
function Health({ upstream }: { readonly upstream: Upstream }) {
  const health = useQuery({ ...healthQuery(upstream.id), refetchInterval: 10_000 })
  const states = (health.data?.targets ?? []).map(worstOf)
  return (
    <Group gap={6} wrap="wrap">
      {[...new Set(states)].map((state) => (
        <Group key={state ?? 'unknown'} gap={4} wrap="nowrap">
          <TargetState state={state} />
          {states.length > 1 && (
            <Text fz="xs" c="dimmed" className="numbers">
              {states.filter((one) => one === state).length}
            </Text>
          )}
        </Group>
      ))}
    </Group>
  )
}
