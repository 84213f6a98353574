import { scriptsOf } from '../redis.ts'
import { type Registry, replies } from '../store.ts'
import { type Cells, encodeCells } from './cells.ts'
import { namesPeriodMs, othersId, tiers } from './views.ts'

/** What is added to one step of one ring. */
export interface StepCounts {
  readonly view: string
  /** A partner's id where the view has keys by partner, else ''. */
  readonly of: string
  readonly stepMs: number
  /** Its number since the epoch. */
  readonly step: number
  /** By the ids of the series. */
  readonly series: ReadonlyMap<string, Cells>
}

export interface TrafficWrite {
  readonly counts: readonly StepCounts[]
  /** Names of series that may not be kept yet, by their ids, and the month for which they are. */
  readonly names: readonly { readonly id: string; readonly name: string; readonly period: number }[]
  /** Logged calls as JSON, oldest first. */
  readonly calls: readonly string[]
  /** End of the newest second that is counted, in ms since the epoch. */
  readonly newestMs: number
  readonly maxCalls: number
  readonly maxCallAgeMs: number
}

/** Most series of one step: what comes beyond is counted together. */
const maxSeries = 5_000
/** Most series that one command adds: no command holds up Redis for a millisecond. */
const seriesPerCommand = 100
const namesKeptSeconds = (tiers.at(-1)!.keptMs + 2 * namesPeriodMs) / 1_000

/**
 * Adds everything in one pipeline. @returns ms since the epoch by the clock of Redis
 * @throws Problem store-unavailable: some of it may have been added
 */
export async function writeTraffic(r: Registry, write: TrafficWrite): Promise<number> {
  const pipeline = r.redis.pipeline()
  pipeline.time()
  for (const { view, of, stepMs, step, series } of write.counts) {
    const kept = tiers.find((tier) => tier.stepMs === stepMs)!.keptMs + 2 * stepMs
    const key = r.keys.traffic(view, of, stepMs, step)
    const pairs = [...series].map(([id, cells]) => [id, encodeCells(cells)])
    for (let at = 0; at < pairs.length; at += seriesPerCommand)
      scriptsOf(pipeline).addCounts(
        1,
        key,
        Math.ceil(kept / 1_000),
        maxSeries,
        othersId,
        ...pairs.slice(at, at + seriesPerCommand).flat(),
      )
  }
  for (const [period, names] of Map.groupBy(write.names, (one) => one.period)) {
    const key = r.keys.trafficNames(period)
    pipeline.hset(key, ...names.flatMap(({ id, name }) => [id, name]))
    pipeline.expire(key, namesKeptSeconds)
  }
  if (write.newestMs > 0) pipeline.set(r.keys.trafficNewest(), write.newestMs)
  for (const json of write.calls)
    pipeline.xadd(r.keys.requestLog(), 'MAXLEN', '~', write.maxCalls, '*', 'call', json)
  if (write.calls.length > 0) {
    const oldest = Math.max(0, r.now() - write.maxCallAgeMs)
    pipeline.xtrim(r.keys.requestLog(), 'MINID', '~', oldest)
  }
  const [time] = await replies<[string, string]>(pipeline.exec())
  return Number(time![0]) * 1_000 + Math.floor(Number(time![1]) / 1_000)
}
