import type { Log } from '../../registry/base/log.ts'
import type { Registry } from '../../registry/store.ts'
import { addCells, type Cells, countInFlight, newCells } from '../../registry/traffic/cells.ts'
import type { LoggedCall } from '../../registry/traffic/requests.ts'
import {
  namesPeriodMs,
  type SeriesKey,
  seriesId,
  seriesName,
  tiers,
  type View,
  views,
} from '../../registry/traffic/views.ts'
import { type StepCounts, type TrafficWrite, writeTraffic } from '../../registry/traffic/write.ts'
import type { ThreadTraffic } from './messages.ts'

export interface RecorderParts {
  readonly registry: Registry
  readonly gatewayId: string
  readonly log: Log
  readonly maxCalls: number
  readonly maxCallAgeMs: number
}

export interface Recorder {
  add(traffic: ThreadTraffic): void
  /** Counts and calls that were given up, as Redis was away for too long or failed while it took them. */
  readonly dropped: { readonly seconds: number; readonly calls: number }
  /** Writes what is left. */
  end(): Promise<void>
}

const [fine, ...coarse] = tiers
const coarseMs = coarse[0]!.stepMs
/** Seconds kept for a Redis that is away; tens of seconds; calls. */
const mostFine = 60
const mostCoarse = 90
const mostCalls = 2_000
/** After the second, so that the threads have told of it. */
const settleMs = 250

/** Steps of one length that wait to be written, by their begin. */
type Waiting = Map<number, Map<string, StepCounts & { readonly series: Map<string, Cells> }>>

/**
 * Gathers what the threads count and adds it to the rings in Redis, each second in one pipeline. The finest ring gets
 * each second, the others what came together in ten. While Redis is away it waits, so much and no more.
 */
export function createRecorder(parts: RecorderParts): Recorder {
  const { registry, gatewayId, log } = parts
  const seconds: Waiting = new Map()
  const tens: Waiting = new Map()
  let calls: LoggedCall[] = []
  const names = createNames()
  const dropped = { seconds: 0, calls: 0 }
  /** How far the clock of Redis is ahead of ours: gateways write into the same steps. */
  let aheadMs = 0
  let isWriting: Promise<void> | undefined

  function count(atMs: number, key: SeriesKey, cells: Cells) {
    for (const view of views) {
      if (view.byPartner && key.partner === '') continue
      const id = names.idOf(view, key, atMs)
      addTo(seconds, fine!.stepMs, view, key, id, atMs, cells)
      addTo(tens, coarseMs, view, key, id, atMs, cells)
    }
  }

  function add({ endMs, series, calls: more, inFlight }: ThreadTraffic) {
    const atMs = Math.round((endMs + aheadMs) / 1_000) * 1_000 - fine!.stepMs
    for (const { key, cells } of series) count(atMs, { ...key, gateway: gatewayId }, cells)
    // Without calls, too: it tells that somebody counted, and that there were none.
    const look = newCells()
    countInFlight(look, inFlight)
    const gatewayView = views[0]!
    const key = { ...nothing, gateway: gatewayId }
    const id = names.idOf(gatewayView, key, atMs)
    addTo(seconds, fine!.stepMs, gatewayView, key, id, atMs, look)
    addTo(tens, coarseMs, gatewayView, key, id, atMs, look)
    for (const call of more) calls.push({ ...call, gateway: gatewayId })
    bound()
  }

  function bound() {
    dropped.seconds += dropOldest(seconds, mostFine)
    dropOldest(tens, mostCoarse)
    if (calls.length <= mostCalls) return
    dropped.calls += calls.length - mostCalls
    calls = calls.slice(-mostCalls)
  }

  /** @param isLast takes what is not over yet, too */
  async function write(isLast: boolean): Promise<void> {
    // What is given to a client that has no connection is not sent: it can wait. What was sent is never sent twice.
    if (registry.redis.status !== 'ready') return
    const nowMs = Date.now() + aheadMs
    const ofSeconds = takeEnded(seconds, fine!.stepMs, isLast ? Number.POSITIVE_INFINITY : nowMs)
    const ofTens = takeEnded(tens, coarseMs, isLast ? Number.POSITIVE_INFINITY : nowMs - settleMs)
    const sent = calls
    calls = []
    if (ofSeconds.length + ofTens.length + sent.length === 0) return
    const newestMs = Math.max(0, ...ofSeconds.map(({ step, stepMs }) => (step + 1) * stepMs))
    const request: TrafficWrite = {
      counts: [...ofSeconds, ...ofTens.flatMap(intoRings)],
      names: names.takeNew(),
      calls: sent.map((call) => JSON.stringify(call)),
      newestMs,
      maxCalls: parts.maxCalls,
      maxCallAgeMs: parts.maxCallAgeMs,
    }
    try {
      const before = Date.now()
      const redisMs = await writeTraffic(registry, request)
      aheadMs = redisMs - (before + Date.now()) / 2
    } catch (error) {
      names.giveBack(request.names)
      dropped.seconds += new Set(ofSeconds.map(({ step }) => step)).size
      dropped.calls += sent.length
      log.debug({ err: error }, 'counts of calls were not kept')
    }
  }

  const tick = () => {
    isWriting ??= write(false).finally(() => {
      isWriting = undefined
    })
  }
  let timer: NodeJS.Timeout
  const plan = () => {
    timer = setTimeout(
      () => {
        tick()
        plan()
      },
      1_000 - ((Date.now() - settleMs) % 1_000),
    )
    timer.unref()
  }
  plan()

  return {
    add,
    dropped,
    async end() {
      clearTimeout(timer)
      await isWriting
      await write(true)
    },
  }
}

const nothing: SeriesKey = {
  environment: '',
  api: '',
  version: '',
  operation: '',
  partner: '',
  application: '',
  credential: '',
  upstream: '',
  target: '',
  gateway: '',
}

function addTo(
  waiting: Waiting,
  stepMs: number,
  view: View,
  key: SeriesKey,
  id: string,
  atMs: number,
  cells: Cells,
) {
  const step = Math.floor(atMs / stepMs)
  let hashes = waiting.get(step)
  if (!hashes) {
    hashes = new Map()
    waiting.set(step, hashes)
  }
  const of = view.byPartner ? key.partner : ''
  const place = `${view.name} ${of}`
  let counts = hashes.get(place)
  if (!counts) {
    counts = { view: view.name, of, stepMs, step, series: new Map() }
    hashes.set(place, counts)
  }
  const known = counts.series.get(id)
  if (known) addCells(known, cells)
  else counts.series.set(id, cells.slice())
}

/** Takes out the steps that ended before a moment. */
function takeEnded(waiting: Waiting, stepMs: number, beforeMs: number): StepCounts[] {
  const ended = [...waiting.keys()].filter((step) => (step + 1) * stepMs <= beforeMs)
  return ended.flatMap((step) => {
    const hashes = [...waiting.get(step)!.values()]
    waiting.delete(step)
    return hashes
  })
}

/** The same counts for each of the coarser rings. */
const intoRings = (counts: StepCounts): StepCounts[] =>
  coarse.map(({ stepMs }) => ({
    ...counts,
    stepMs,
    step: Math.floor((counts.step * counts.stepMs) / stepMs),
  }))

/** @returns how many steps were given up */
function dropOldest(waiting: Waiting, most: number): number {
  let dropped = 0
  for (const step of waiting.keys()) {
    if (waiting.size <= most) break
    waiting.delete(step)
    dropped++
  }
  return dropped
}

/** Ids of series, and which of their names are still to be written. */
function createNames() {
  const mostKnown = 50_000
  const known = new Map<string, { id: string; period: number }>()
  let fresh: TrafficWrite['names'][number][] = []
  return {
    idOf(view: View, key: SeriesKey, atMs: number): string {
      const name = seriesName(view, key)
      const period = Math.floor(atMs / namesPeriodMs)
      const found = known.get(name)
      if (found?.period === period) return found.id
      if (known.size >= mostKnown) known.clear()
      const id = found?.id ?? seriesId(name)
      known.set(name, { id, period })
      fresh.push({ id, name, period })
      return id
    },
    takeNew() {
      const taken = fresh
      fresh = []
      return taken
    },
    giveBack(names: TrafficWrite['names']) {
      fresh.push(...names)
    },
  }
}
