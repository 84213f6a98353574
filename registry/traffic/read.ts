import { guarded } from '../redis.ts'
import { type Registry, replies } from '../store.ts'
import { addCells, type Cells, decodeCells, inFlightOf, newCells } from './cells.ts'
import { type Plan, planSteps, planView, type TrafficFilter, type TrafficQuery } from './query.ts'
import { namesPeriodMs, othersId, readSeriesName, type SeriesKey, type View } from './views.ts'

/** One line of an answer: its counts by step, `undefined` where it had no calls. */
export interface ReadSeries {
  /** What it is grouped by; '' without grouping and for calls of which it is not known; `null`: all others together. */
  readonly key: string | null
  readonly cells: readonly (Cells | undefined)[]
  readonly total: Cells
}

export interface ReadTraffic {
  readonly plan: Plan
  readonly series: readonly ReadSeries[]
  /** Whether a gateway counted in the step; without it, nothing is known. */
  readonly isKnown: readonly boolean[]
  /** Mean over each step, of both environments; `null` where it is not known, and where calls are filtered. */
  readonly inFlight: readonly (number | null)[]
  /** End of the newest second that a gateway has counted; `null`: none ever. */
  readonly newestMs: number | null
  readonly nowMs: number
}

export const gatewayView = planView({ filter: {} })
const batch = 400

/** @throws Problem store-unavailable, input-invalid */
export async function readTraffic(r: Registry, query: TrafficQuery): Promise<ReadTraffic> {
  const view = planView(query)
  const { nowMs, newestMs } = await trafficClock(r)
  const plan = planSteps(query.fromMs, query.toMs, nowMs)
  const [steps, gateways] = await Promise.all([
    view === gatewayView ? undefined : readSteps(r, view, query.filter, plan),
    readSteps(r, gatewayView, {}, plan),
  ])
  return { ...assemble(plan, query, steps ?? gateways, gateways), newestMs, nowMs }
}

/** The time by the clock of Redis, and up to when calls are counted. @throws Problem store-unavailable */
export async function trafficClock(r: Registry): Promise<Pick<ReadTraffic, 'nowMs' | 'newestMs'>> {
  const [time, newest] = await replies<unknown>(r.redis.pipeline().time().get(r.keys.trafficNewest()).exec())
  const [seconds, micros] = time as [string, string]
  return {
    nowMs: Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000),
    newestMs: newest === null ? null : Number(newest),
  }
}

/** Puts together what was read. @param gateways what the view of gateways has */
export function assemble(
  plan: Plan,
  query: Omit<TrafficQuery, 'fromMs' | 'toMs'>,
  steps: readonly ReadStep[],
  gateways: readonly ReadStep[],
): Omit<ReadTraffic, 'nowMs' | 'newestMs'> {
  const { series, fold } = createFold(plan, query)
  for (const { at, name, cells } of steps) fold(at, name, cells)
  const isNarrow = Object.keys(query.filter).some((field) => field !== 'environment' && field !== 'gateway')
  const known = gateways.filter(({ name }) => matches(name, { gateway: query.filter.gateway }))
  return {
    plan,
    series: ranked(series, query.limit ?? 12),
    isKnown: knownSteps(plan, known),
    inFlight: isNarrow ? knownSteps(plan, []).map(() => null) : inFlightSteps(plan, known),
  }
}

export interface ReadStep {
  /** Which step of the answer. */
  readonly at: number
  readonly name: SeriesKey
  readonly cells: Cells
}

/** All that one view kept of the plan's time. */
export async function readSteps(
  r: Registry,
  view: View,
  filter: TrafficFilter,
  plan: Plan,
): Promise<ReadStep[]> {
  const { tier, fromMs, toMs, stepMs } = plan
  const numbers: number[] = []
  for (let at = fromMs; at < toMs; at += tier.stepMs) numbers.push(at / tier.stepMs)
  const of = view.byPartner ? filter.partner! : ''
  const kept: { at: number; id: string; text: string }[] = []
  for (let i = 0; i < numbers.length; i += batch) {
    const part = numbers.slice(i, i + batch)
    const pipeline = r.redis.pipeline()
    for (const step of part) pipeline.hgetall(r.keys.traffic(view.name, of, tier.stepMs, step))
    for (const [j, hash] of (await replies<Record<string, string>>(pipeline.exec())).entries()) {
      const at = Math.floor((part[j]! * tier.stepMs - fromMs) / stepMs)
      for (const [id, text] of Object.entries(hash)) kept.push({ at, id, text })
    }
  }
  const names = await readNames(r, new Set(kept.map(({ id }) => id)), plan)
  return kept.flatMap(({ at, id, text }) => {
    const name = names.get(id)
    return name ? [{ at, name, cells: decodeCells(text) }] : []
  })
}

/** What ids stand for. It never changes, so each is asked for once. */
async function readNames(r: Registry, ids: ReadonlySet<string>, { fromMs, toMs }: Plan) {
  const names = new Map<string, SeriesKey>([[othersId, readSeriesName('{}')]])
  let missing = [...ids].filter((id) => !names.has(id))
  const first = Math.floor(fromMs / namesPeriodMs)
  for (let period = Math.floor(toMs / namesPeriodMs); period >= first && missing.length > 0; period--) {
    const found = await guarded(r.redis.hmget(r.keys.trafficNames(period), ...missing))
    for (const [i, name] of found.entries()) if (name !== null) names.set(missing[i]!, readSeriesName(name))
    missing = missing.filter((id) => !names.has(id))
  }
  return names
}

const matches = (name: SeriesKey, filter: TrafficFilter) =>
  Object.entries(filter).every(
    ([field, wanted]) => wanted === undefined || name[field as keyof SeriesKey] === wanted,
  )

/** Adds what fits the question to the series that it belongs to. */
function createFold(plan: Plan, { filter, groupBy }: Pick<TrafficQuery, 'filter' | 'groupBy'>) {
  const length = stepCount(plan)
  const series = new Map<string, { cells: (Cells | undefined)[]; total: Cells }>()
  return {
    series,
    fold(at: number, name: SeriesKey, cells: Cells) {
      if (!matches(name, filter)) return
      const key = groupBy === undefined || groupBy === 'status' ? '' : name[groupBy]
      let found = series.get(key)
      if (!found) {
        found = { cells: new Array(length).fill(undefined), total: newCells() }
        series.set(key, found)
      }
      found.cells[at] ??= newCells()
      addCells(found.cells[at], cells)
      addCells(found.total, cells)
    },
  }
}

const stepCount = ({ fromMs, toMs, stepMs }: Plan) => Math.round((toMs - fromMs) / stepMs)
const callsOf = (cells: Cells) => cells[0]! + cells[1]! + cells[2]! + cells[3]! + cells[4]!

/** Those with the most calls first; what is beyond the limit in one. */
function ranked(series: ReadonlyMap<string, Omit<ReadSeries, 'key'>>, limit: number): ReadSeries[] {
  const all = [...series].map(([key, one]): ReadSeries => ({ key, ...one }))
  all.sort((a, b) => callsOf(b.total) - callsOf(a.total))
  if (all.length <= limit) return all
  const rest = all.slice(limit)
  const total = newCells()
  const cells = rest[0]!.cells.map((_, i) => {
    const parts = rest.flatMap((one) => one.cells[i] ?? [])
    if (parts.length === 0) return undefined
    const sum = newCells()
    for (const part of parts) addCells(sum, part)
    return sum
  })
  for (const one of rest) addCells(total, one.total)
  return [...all.slice(0, limit), { key: null, cells, total }]
}

function knownSteps(plan: Plan, gateways: readonly ReadStep[]): boolean[] {
  const known = new Array<boolean>(stepCount(plan)).fill(false)
  for (const { at } of gateways) known[at] = true
  return known
}

/** The sum over gateways of what each had on the average. */
function inFlightSteps(plan: Plan, gateways: readonly ReadStep[]): (number | null)[] {
  const sums = new Array<Map<string, Cells> | undefined>(stepCount(plan)).fill(undefined)
  for (const { at, name, cells } of gateways) {
    sums[at] ??= new Map()
    const of = sums[at].get(name.gateway) ?? newCells()
    addCells(of, cells)
    sums[at].set(name.gateway, of)
  }
  return sums.map((byGateway) => {
    if (!byGateway) return null
    const means = [...byGateway.values()].map(inFlightOf).filter((mean) => mean !== null)
    return means.length === 0 ? null : means.reduce((sum, mean) => sum + mean, 0)
  })
}
