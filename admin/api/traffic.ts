import { z } from 'zod'
import type { Registry } from '../../registry/store.ts'
import { labelsOf } from '../../registry/traffic/labels.ts'
import type { TrafficFilter, TrafficQuery } from '../../registry/traffic/query.ts'
import { readTraffic } from '../../registry/traffic/read.ts'
import { type Dimension, dimensions } from '../../registry/traffic/views.ts'
import { type AnyRoute, route } from '../route.ts'
import { csvOf } from './csv.ts'
import { showTraffic, Traffic } from './traffic-schemas.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
export const ranges = {
  '15m': 15 * minute,
  '1h': hour,
  '6h': 6 * hour,
  '24h': day,
  '7d': 7 * day,
  '30d': 30 * day,
  '13mo': 395 * day,
} as const

/** What a partner may tell its calls apart by. The platform's backends and gateways are not its business. */
export const partnerDimensions = ['api', 'version', 'operation', 'application', 'credential'] as const

export const filterFields = (of: readonly Dimension[]) =>
  Object.fromEntries([
    ...of.map((name) => [
      name,
      z
        .string()
        .min(1)
        .max(200)
        .optional()
        .describe(
          `Only calls of this ${name}${name === 'operation' ? ' (operationId)' : name === 'target' || name === 'gateway' ? '' : ' (id)'}.`,
        ),
    ]),
    ['environment', z.enum(['sandbox', 'live']).optional().describe('Only calls of this environment.')],
  ]) as Record<Dimension | 'environment', z.ZodOptional<z.ZodString>>

const moment = z.coerce.number().int().nonnegative().optional()

export const rangeFields = {
  range: z
    .enum(Object.keys(ranges) as [keyof typeof ranges])
    .optional()
    .describe('So far back from now; 15m where neither it nor `from` is given.'),
  from: moment.describe('Begin, in ms since the epoch, instead of a range.'),
  to: moment.describe('End, in ms since the epoch; now where absent.'),
}

export function momentsOf(
  {
    range,
    from,
    to,
  }: { range?: keyof typeof ranges | undefined; from?: number | undefined; to?: number | undefined },
  now: number,
) {
  const toMs = to ?? now
  return { toMs, fromMs: from ?? toMs - ranges[range ?? '15m'] }
}

const queryOf = (of: readonly Dimension[]) =>
  z.strictObject({
    ...rangeFields,
    groupBy: z
      .enum([...of, 'status'] as [string])
      .optional()
      .describe('One series for each; absent: one for all calls.'),
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(50)
      .default(12)
      .describe('Most series; the others are added up in one more.'),
    ...filterFields(of),
  })

type Query = z.infer<ReturnType<typeof queryOf>>

/** What the caller may ask for, as the registry is asked. @param partner whose calls alone are shown */
export async function answerTraffic(
  registry: Registry,
  given: Omit<TrafficQuery, 'filter'> & { filter: TrafficFilter },
  partner?: string,
): Promise<Traffic> {
  const query = { ...given, filter: partner === undefined ? given.filter : { ...given.filter, partner } }
  const read = await readTraffic(registry, query)
  const { groupBy } = query
  const ids = read.series.flatMap(({ key }) => key || [])
  const labels = groupBy && groupBy !== 'status' ? await labelsOf(registry, groupBy, ids) : new Map()
  return showTraffic(read, groupBy, labels)
}

const asked = ({ range, from, to, groupBy, limit, ...filter }: Query, now: number) => ({
  ...momentsOf({ range, from, to }, now),
  groupBy: groupBy as TrafficQuery['groupBy'],
  limit,
  filter: filter as TrafficFilter,
})

const description =
  'Counts come from rings in Redis: seconds for 15 minutes, tens of seconds for 6 hours, minutes for 14 days, hours for 13 months; the answer says which step it has. Calls are not counted by every combination: partner, application and credential go with operation only where the partner is named, and upstream and target go with api and version.'

function rows(of: readonly Dimension[], where: Pick<AnyRoute, 'permission'> & { path: string; id: string }) {
  const query = queryOf(of)
  const partnerOf = (params: unknown) => (params as { partner?: string }).partner
  return [
    route({
      id: `get${where.id}Traffic`,
      method: 'get',
      path: `${where.path}/traffic`,
      tag: 'Traffic',
      summary: 'How many calls there were, how they ended and how long they took, over time.',
      description,
      permission: where.permission,
      query,
      answer: { status: 200, schema: Traffic },
      async handle({ registry, query, params }) {
        return { body: await answerTraffic(registry, asked(query, registry.now()), partnerOf(params)) }
      },
    }),
    route({
      id: `export${where.id}Traffic`,
      method: 'get',
      path: `${where.path}/traffic.csv`,
      tag: 'Traffic',
      summary: 'The same as a table: a line for each series and step.',
      permission: where.permission,
      query,
      answer: { status: 200, types: ['text/csv'] },
      async handle({ registry, query, params }) {
        const traffic = await answerTraffic(registry, asked(query, registry.now()), partnerOf(params))
        return { raw: { type: 'text/csv; charset=utf-8', bytes: trafficCsv(traffic) } }
      },
    }),
  ]
}

function trafficCsv({ from, stepMs, series }: Traffic): string {
  const head = [
    'time',
    'key',
    'label',
    'requests',
    'errors',
    'limited',
    'p50_ms',
    'p95_ms',
    'p99_ms',
    'own_p95_ms',
  ]
  const lines = series.flatMap((one) =>
    one.requests.map((requests, i) => [
      new Date(from + i * stepMs).toISOString(),
      one.key ?? '',
      one.label,
      requests,
      one.errors[i],
      one.limited[i],
      one.totalMs.p50[i],
      one.totalMs.p95[i],
      one.totalMs.p99[i],
      one.ownMs.p95[i],
    ]),
  )
  return csvOf(head, lines)
}

/** What goes on behind the gateway is nothing that a partner sees. */
const ofPartners = ['api', 'version', 'operation', 'application', 'credential'] as const

export const trafficRoutes: AnyRoute[] = [
  ...rows(dimensions, { id: '', path: '/api', permission: 'read' }),
  ...rows(ofPartners, { id: 'Own', path: '/api/portal/{partner}', permission: 'portal:read' }),
]
