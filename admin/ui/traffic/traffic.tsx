import { SegmentedControl, Select, SimpleGrid, Stack, Text } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { api, dataOf } from '../api/client.ts'
import { TimeSeries } from '../kit/chart/time-series.tsx'
import { Page } from '../kit/page.tsx'
import { Delayed, ErrorState } from '../kit/states.tsx'
import { type Range, ranges, type TrafficSearch } from './search.ts'
import { TrafficTable } from './table.tsx'

const platformGroups = [
  'status',
  'api',
  'version',
  'partner',
  'application',
  'upstream',
  'target',
  'gateway',
] as const
const partnerGroups = ['status', 'api', 'application', 'credential'] as const

/** Calls, errors and times: of all partners, or of the one that the address names. */
export function Traffic() {
  const { t, i18n } = useTranslation('traffic')
  const { partner } = useParams({ strict: false }) as { partner?: string }
  const { range = '15m', by = 'api', from, to } = useSearch({ strict: false }) as TrafficSearch
  const navigate = useNavigate()
  const show = (change: TrafficSearch) =>
    void navigate({ to: '.', search: { range, by, ...change } as never })
  const query = from !== undefined && to !== undefined ? { from, to, groupBy: by } : { range, groupBy: by }
  const traffic = useQuery({
    queryKey: ['traffic', partner ?? '', query],
    queryFn: () =>
      dataOf(
        partner === undefined
          ? api.GET('/api/traffic', { params: { query: query as never } })
          : api.GET('/api/portal/{partner}/traffic', {
              params: { path: { partner }, query: query as never },
            }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: from === undefined ? 2_000 : false,
  })
  const charts = useMemo(() => traffic.data && chartsOf(traffic.data), [traffic.data])
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 })
  const perSecond = (value: number) => t('perSecond', { value: number.format(value) })
  const ms = (value: number) => t('milliseconds', { value: number.format(value) })
  const zoom = (fromMs: number, toMs: number) => show({ from: fromMs, to: toMs })
  return (
    <Page
      title={t(partner === undefined ? 'title' : 'usage')}
      description={traffic.data && <Age ageMs={traffic.data.ageMs} />}
      actions={
        <>
          <Select
            aria-label={t('by.label')}
            data={(partner === undefined ? platformGroups : partnerGroups).map((value) => ({
              value,
              label: t(`by.${value}`),
            }))}
            value={by}
            onChange={(value) => value && show({ by: value })}
            allowDeselect={false}
            w={170}
          />
          <SegmentedControl
            aria-label={t('range')}
            data={ranges.map((value) => ({ value, label: value }))}
            value={from === undefined ? range : ''}
            onChange={(value) => show({ range: value as Range })}
          />
        </>
      }
    >
      {traffic.error && !traffic.data && (
        <ErrorState error={traffic.error} onRetry={() => void traffic.refetch()} />
      )}
      {traffic.isPending && <Delayed>{t('loading')}</Delayed>}
      {charts && traffic.data && (
        <Stack>
          <SimpleGrid cols={{ base: 1, md: 2 }}>
            <TimeSeries
              title={t('chart.rate')}
              {...charts.rate}
              format={perSecond}
              group="traffic"
              onZoom={zoom}
            />
            <TimeSeries
              title={t('chart.errors')}
              {...charts.errors}
              format={perSecond}
              group="traffic"
              onZoom={zoom}
            />
            <TimeSeries title={t('chart.p95')} {...charts.p95} format={ms} group="traffic" onZoom={zoom} />
            <TimeSeries title={t('chart.own')} {...charts.own} format={ms} group="traffic" onZoom={zoom} />
          </SimpleGrid>
          <TrafficTable series={traffic.data.series} by={by} />
        </Stack>
      )}
    </Page>
  )
}

function Age({ ageMs }: { readonly ageMs: number | null }) {
  const { t } = useTranslation('traffic')
  if (ageMs === null) return t('noData')
  const seconds = Math.round(ageMs / 1000)
  return (
    <Text component="span" fz="sm" c="dimmed">
      {t(seconds <= 10 ? 'live' : 'stale', { count: seconds })}
    </Text>
  )
}

type Answer = NonNullable<Awaited<ReturnType<typeof readType>>>
const readType = () => dataOf(api.GET('/api/traffic', { params: { query: {} as never } }))

const mostLines = 5

function chartsOf({ from, stepMs, partialMs, series }: Answer) {
  const steps = series[0]?.requests.length ?? 0
  const times = Array.from({ length: steps }, (_, i) => from + i * stepMs)
  // The last step is not over: its rate is by what is over of it.
  const rate = (column: readonly (number | null)[]) =>
    column.map((value, i) =>
      value === null ? null : (value * 1000) / (i === steps - 1 ? partialMs : stepMs),
    )
  const shown = series.slice(0, mostLines)
  const lines = (of: (one: Answer['series'][number]) => readonly (number | null)[]) => ({
    times,
    lines: shown.map((one) => ({ label: one.label || '·', values: of(one) })),
  })
  return {
    rate: lines((one) => rate(one.requests)),
    errors: lines((one) => rate(one.errors)),
    p95: lines((one) => one.totalMs.p95),
    own: lines((one) => one.ownMs.p95),
  }
}
