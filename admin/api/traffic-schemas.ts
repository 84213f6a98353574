import { z } from 'zod'
import {
  type Cells,
  limitedOf,
  ownPercentiles,
  type Percentiles,
  requestsOf,
  statusClasses,
  totalPercentiles,
} from '../../registry/traffic/cells.ts'
import type { TrafficQuery } from '../../registry/traffic/query.ts'
import type { ReadSeries, ReadTraffic } from '../../registry/traffic/read.ts'

/** How the counts of calls are shown: the same in an answer and in a live event. */

const Column = z.array(z.number().nullable())
const Percentile = z
  .object({
    p50: z.number(),
    p90: z.number(),
    p95: z.number(),
    p99: z.number(),
    bucketLimited: z
      .boolean()
      .describe('Whether p99 is at least what is said, as it lies above all buckets.'),
  })
  .meta({ id: 'Percentiles' })
const PercentileColumns = z
  .object({ p50: Column, p90: Column, p95: Column, p99: Column })
  .meta({ id: 'PercentileColumns' })
const ByStatus = <T extends z.ZodType>(of: T) =>
  z.object({ '2xx': of, '3xx': of, '4xx': of, '5xx': of, none: of })

export const TrafficSeries = z
  .object({
    key: z
      .string()
      .nullable()
      .describe(
        'What it is grouped by: an id or a status class; empty: not grouped, or not known of these calls; `null`: all others added up.',
      ),
    label: z.string().describe('What people call it; the id where it is gone.'),
    totals: z.object({
      requests: z.int(),
      errors: z.int().describe('Answers 5xx, of the gateway or of a backend.'),
      limited: z.int().describe('Calls refused by a rate limit, a quota or a cap; they are 4xx, too.'),
      byStatus: ByStatus(z.int()),
      totalMs: Percentile.nullable().describe('From head to end; `null` without calls.'),
      ownMs: Percentile.nullable().describe('The gateway’s own share of it.'),
    }),
    requests: Column.describe('By step. `null`: nothing is known, as no gateway counted.'),
    errors: Column,
    limited: Column,
    byStatus: ByStatus(Column),
    totalMs: PercentileColumns.describe('ms, from merged buckets; `null` in steps without calls.'),
    ownMs: PercentileColumns,
  })
  .meta({ id: 'TrafficSeries' })

export const Traffic = z
  .object({
    from: z.int().describe('Begin of the first step, in ms since the epoch.'),
    to: z.int().describe('End of the last step.'),
    stepMs: z.int(),
    partialMs: z.int().describe('How much of the last step is over: by that its rate is read.'),
    newestAt: z.int().nullable().describe('End of the newest second counted; `null`: none ever was.'),
    ageMs: z.int().nullable().describe('How old that is.'),
    inFlight: Column.describe(
      'Calls being served, on the average, in both environments. `null`: not known, or not known of what is filtered.',
    ),
    series: z.array(TrafficSeries).describe('Those with the most calls first.'),
  })
  .meta({ id: 'Traffic' })
export type Traffic = z.infer<typeof Traffic>
type ShownSeries = z.infer<typeof TrafficSeries>

export function showTraffic(
  read: ReadTraffic,
  groupBy: TrafficQuery['groupBy'],
  labels: ReadonlyMap<string, string>,
): Traffic {
  const { plan, isKnown, newestMs, nowMs } = read
  const shown =
    groupBy === 'status'
      ? statusSeries(read)
      : read.series.map((series) =>
          showSeries(series, labels.get(series.key ?? '') ?? series.key ?? '', isKnown),
        )
  const partialMs = Math.min(plan.stepMs, Math.max(1_000, (newestMs ?? nowMs) - (plan.toMs - plan.stepMs)))
  return {
    from: plan.fromMs,
    to: plan.toMs,
    stepMs: plan.stepMs,
    partialMs,
    newestAt: newestMs,
    ageMs: newestMs === null ? null : Math.max(0, nowMs - newestMs),
    inFlight: read.inFlight.map((mean) => (mean === null ? null : Math.round(mean * 100) / 100)),
    series: shown,
  }
}

function showSeries(
  { key, cells, total }: ReadSeries,
  label: string,
  isKnown: readonly boolean[],
): ShownSeries {
  const numbers = (of: (cells: Cells) => number) =>
    cells.map((step, i) => (step ? of(step) : isKnown[i] ? 0 : null))
  const quantiles = (of: (cells: Cells) => Percentiles | null) => {
    const all = cells.map((step) => (step ? of(step) : null))
    const column = (q: 'p50' | 'p90' | 'p95' | 'p99') => all.map((one) => one?.[q] ?? null)
    return { p50: column('p50'), p90: column('p90'), p95: column('p95'), p99: column('p99') }
  }
  return {
    key,
    label,
    totals: totalsOf(total),
    requests: numbers(callsOf),
    errors: numbers((one) => requestsOf(one, '5xx')),
    limited: numbers(limitedOf),
    byStatus: byStatus((name) => numbers((one) => requestsOf(one, name))),
    totalMs: quantiles(totalPercentiles),
    ownMs: quantiles(ownPercentiles),
  }
}

/** The classes beside each other, each with its calls alone. */
function statusSeries({ series, isKnown }: ReadTraffic): ShownSeries[] {
  const [all] = series
  if (!all) return []
  return statusClasses.flatMap((name) => {
    const only = (cells: Cells): Cells => {
      const kept = cells.slice().fill(0)
      const at = statusClasses.indexOf(name)
      kept[at] = cells[at]!
      return kept
    }
    const total = only(all.total)
    if (callsOf(total) === 0) return []
    return [
      showSeries({ key: name, cells: all.cells.map((step) => step && only(step)), total }, name, isKnown),
    ]
  })
}

export const callsOf = (cells: Cells) => statusClasses.reduce((sum, name) => sum + requestsOf(cells, name), 0)

const byStatus = <T>(of: (name: (typeof statusClasses)[number]) => T) =>
  Object.fromEntries(statusClasses.map((name) => [name, of(name)])) as Record<
    (typeof statusClasses)[number],
    T
  >

const totalsOf = (total: Cells): ShownSeries['totals'] => ({
  requests: callsOf(total),
  errors: requestsOf(total, '5xx'),
  limited: limitedOf(total),
  byStatus: byStatus((name) => requestsOf(total, name)),
  totalMs: totalPercentiles(total),
  ownMs: ownPercentiles(total),
})
