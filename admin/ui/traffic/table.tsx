import { useTranslation } from 'react-i18next'
import type { Schemas } from '../api/client.ts'
import { DataList } from '../kit/data-list.tsx'
import { EmptyState } from '../kit/states.tsx'

const settled = { isPending: false, error: null, refetch: (() => undefined) as never, data: true }

/** What the lines add up to. */
export function TrafficTable({
  series,
  by,
}: {
  readonly series: readonly Schemas['TrafficSeries'][]
  readonly by: string
}) {
  const { t, i18n } = useTranslation('traffic')
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 })
  const percent = new Intl.NumberFormat(i18n.language, { style: 'percent', maximumFractionDigits: 2 })
  const rows = series
    .filter(({ totals }) => totals.requests > 0)
    .map((one) => ({ ...one, id: one.key ?? 'others' }))
  return (
    <DataList
      label={t('table')}
      query={settled}
      rows={rows}
      columns={[
        {
          accessor: 'label',
          title: t(`by.${by}`),
          render: ({ key, label }) => (key === null ? t('others') : label || t('unknown')),
        },
        {
          accessor: 'requests',
          title: t('column.requests'),
          textAlign: 'right',
          render: ({ totals }) => number.format(totals.requests),
        },
        {
          accessor: 'errors',
          title: t('column.errors'),
          textAlign: 'right',
          render: ({ totals }) => percent.format(totals.errors / totals.requests),
        },
        {
          accessor: 'limited',
          title: t('column.limited'),
          textAlign: 'right',
          render: ({ totals }) => number.format(totals.limited),
        },
        {
          accessor: 'p50',
          title: t('column.p50'),
          textAlign: 'right',
          render: ({ totals }) => (totals.totalMs ? number.format(totals.totalMs.p50) : '–'),
        },
        {
          accessor: 'p99',
          title: t('column.p99'),
          textAlign: 'right',
          render: ({ totals }) =>
            totals.totalMs
              ? `${totals.totalMs.bucketLimited ? '≥ ' : ''}${number.format(totals.totalMs.p99)}`
              : '–',
        },
      ]}
      empty={<EmptyState title={t('empty.title')}>{t('empty.detail')}</EmptyState>}
    />
  )
}
