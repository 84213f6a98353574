import { Anchor, Button, Code, Group, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { DataList } from '../../kit/data-list.tsx'
import { Page } from '../../kit/page.tsx'
import { StateBadge } from '../../kit/state-badge.tsx'
import { EmptyState } from '../../kit/states.tsx'
import { RelativeTime } from '../../kit/time.tsx'
import { type SnapshotSummary, snapshotsQuery } from './queries.ts'

/** What was published when, by whom and why: each can be looked at, and served again. */
export function Snapshots() {
  const { t } = useTranslation('snapshots')
  const snapshots = useInfiniteQuery(snapshotsQuery)
  const rows = snapshots.data?.pages.flatMap(({ items }) => items) ?? []
  return (
    <Page title={t('title')} description={t('description')}>
      <DataList<SnapshotSummary>
        label={t('title')}
        query={snapshots}
        rows={rows}
        idOf={({ number }) => String(number)}
        columns={[
          {
            accessor: 'number',
            title: t('field.number'),
            render: ({ number, isCurrent }) => (
              <Group gap="xs" wrap="nowrap">
                <Anchor
                  component={Link}
                  to={`/admin/snapshots/${number}`}
                  fz="sm"
                  fw={500}
                  className="numbers"
                >
                  {t('named', { number })}
                </Anchor>
                {isCurrent && <StateBadge tone="good" label={t('current')} />}
              </Group>
            ),
          },
          {
            accessor: 'createdAt',
            title: t('field.createdAt'),
            render: ({ createdAt }) => <RelativeTime at={createdAt} />,
          },
          {
            accessor: 'createdBy',
            title: t('field.createdBy'),
            render: ({ createdBy }) => <Code fz={12}>{createdBy}</Code>,
          },
          {
            accessor: 'note',
            title: t('field.note'),
            render: ({ note }) => (note === '' ? <Text c="dimmed">{t('noNote')}</Text> : note),
          },
          { accessor: 'apis', title: t('field.apis'), textAlign: 'right' },
        ]}
        empty={<EmptyState title={t('empty.title')}>{t('empty.detail')}</EmptyState>}
      />
      {snapshots.hasNextPage && (
        <Group justify="center">
          <Button
            variant="default"
            loading={snapshots.isFetchingNextPage}
            onClick={() => void snapshots.fetchNextPage()}
          >
            {t('more')}
          </Button>
        </Group>
      )}
    </Page>
  )
}
