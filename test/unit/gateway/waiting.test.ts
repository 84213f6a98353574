import { afterEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CallerGone } from '../../../gateway/body.ts'
import { openHealth } from '../../../gateway/health-cells.ts'
import { createHealthOf } from '../../../gateway/health-log.ts'
import type { TargetPool } from '../../../gateway/http1/pool.ts'
import { createRetryBudget } from '../../../gateway/retry-budget.ts'
import { createShared, viewShared } from '../../../gateway/shared.ts'
import { createSlotTable } from '../../../gateway/slot-table.ts'
import { buildUpstream, createPools, type LiveUpstream, slotKeys } from '../../../gateway/targets.ts'
import { createWaiting, type Ending } from '../../../gateway/waiting.ts'
import type { Exchange, Taken, TargetView } from '../../../policies/policy.ts'
import { createLog } from '../../../registry/base/log.ts'
import { SealedUpstream, UpstreamInput } from '../../../registry/model.ts'
import { exchange, identity } from '../../support/policy-run.ts'
import { until } from '../../support/until.ts'

const log = createLog('test', 'silent')
const never = 2 ** 31 - 1
const fakePool = () => ({ close: async () => {} }) as unknown as TargetPool

type Settings = { caps: (number | undefined)[]; cap?: number; maxWaiting?: number; maxWaitMs?: number }

/** One upstream as several threads see it, all of them in this one. Nobody looks unless woken. */
function gateway(threads: number, { caps, cap, maxWaiting = 100, maxWaitMs = 60_000 }: Settings) {
  const settings = SealedUpstream.parse({
    id: 'ups_1',
    createdAt: 0,
    updatedAt: 0,
    ...UpstreamInput.parse({
      name: 'bank',
      strategy: 'least-connections',
      maxConnections: cap,
      queue: { maxWaiting, maxWaitMs },
      targets: caps.map((maxConnections, i) => ({ id: `t${i}`, url: 'http://127.0.0.1:1', maxConnections })),
    }),
    credential: null,
  })
  const shared = createShared(threads)
  const views = Array.from({ length: threads }, (_, thread) => viewShared(shared, thread))
  const slots = createSlotTable(views[0]!).assign(slotKeys(settings))
  const endings: Ending[] = []
  const upstreams = views.map((view, thread) => {
    const observe = (_: string, ending: Ending) => void endings.push(ending)
    const waiting = createWaiting({ shared, view, thread, observe, lookEveryMs: never })
    const parts = {
      pools: createPools(fakePool),
      shared: view,
      slots,
      waiting,
      healthOf: createHealthOf(openHealth(shared.health), thread, log),
      openCredential: () => undefined,
      retriesOf: ({ retry }: SealedUpstream, slot: number) =>
        createRetryBudget({ health: openHealth(shared.health), slot, settings: retry, observe: () => {} }),
    }
    return buildUpstream(settings, parts).upstream
  })
  const count = (key: string) => views[0]!.count(slots.get(key)!)
  return { upstreams, views, endings, count, waiting: () => count('ups_1?waiting') }
}

const by = (partnerId: string, tried: TargetView[] = []) =>
  exchange({}, { tried, identity: identity({ partnerId }) })
const isTarget = (taken: Taken | 'left'): taken is TargetView =>
  typeof taken === 'object' && 'release' in taken

interface Call {
  readonly x: Exchange
  /** Once it is known. */
  taken: Taken | 'left' | undefined
  readonly leave: () => void
  readonly end: () => void
}

const open: Call[] = []

function call(upstream: LiveUpstream, x: Exchange = by('shop')): Call {
  const made: Call = {
    x,
    taken: undefined,
    leave: () => upstream.leave(x),
    end: () => (made.taken as TargetView).release(),
  }
  const taken = upstream.take(x)
  if (!(taken instanceof Promise)) made.taken = taken
  else
    taken.then(
      (later) => {
        made.taken = later
      },
      (error) => {
        expect(error).toBeInstanceOf(CallerGone)
        made.taken = 'left'
      },
    )
  open.push(made)
  return made
}
afterEach(() => {
  for (const made of open.splice(0)) if (made.taken === undefined) made.leave() // and its timer
})

describe('waiting for room', () => {
  test('is not needed where there is room, and then nothing is promised', () => {
    const { upstreams } = gateway(1, { caps: [1, 1] })
    expect(call(upstreams[0]!).taken).toMatchObject({ maxConnections: 1 })
    expect(call(upstreams[0]!).taken).toMatchObject({ maxConnections: 1 })
    expect(call(upstreams[0]!).taken).toBeUndefined()
  })

  test('never exceeds the cap of the upstream over all threads, whatever the targets would bear', () => {
    const { upstreams, count } = gateway(2, { caps: [5, undefined], cap: 3, maxWaiting: 0 })
    const calls = Array.from({ length: 8 }, (_, i) => call(upstreams[i % 2]!))
    expect(calls.filter(({ taken }) => isTarget(taken!)).length).toBe(3)
    expect(calls.at(-1)!.taken).toEqual({ retryAfterSeconds: 1 })
    expect(count('ups_1?inFlight')).toBe(3)
  })

  test('ends when another thread gives room', async () => {
    const { upstreams } = gateway(2, { caps: [1] })
    const first = call(upstreams[0]!)
    const second = call(upstreams[1]!)
    expect(second.taken).toBeUndefined()
    first.end()
    await until(() => second.taken)
    expect(isTarget(second.taken!)).toBe(true)
  })

  test('gives partners their turns, whoever has more calls waiting', async () => {
    const { upstreams } = gateway(1, { caps: [1] })
    const order: string[] = []
    let holder = call(upstreams[0]!)
    const waiting = ['flood', 'flood', 'flood', 'shop', 'shop'].map((who) => call(upstreams[0]!, by(who)))
    while (order.length < 5) {
      holder.end()
      holder = await until(() => waiting.find(({ taken }) => taken !== undefined))
      waiting.splice(waiting.indexOf(holder), 1)
      order.push(holder.x.identity!.partnerId)
    }
    expect(order).toEqual(['flood', 'shop', 'flood', 'shop', 'flood'])
  })

  test('is bounded: a full line refuses, but not a partner with fewer calls in it than another', async () => {
    const { upstreams, endings, waiting } = gateway(1, { caps: [1], maxWaiting: 3 })
    call(upstreams[0]!)
    const flood = Array.from({ length: 3 }, () => call(upstreams[0]!, by('flood')))
    expect(call(upstreams[0]!, by('flood')).taken).toEqual({ retryAfterSeconds: 1 })
    const shop = call(upstreams[0]!, by('shop'))
    expect(shop.taken).toBeUndefined()
    await until(() => flood[2]!.taken)
    expect(flood.map(({ taken }) => taken)).toEqual([undefined, undefined, { retryAfterSeconds: 1 }])
    expect(call(upstreams[0]!, by('shop')).taken).toEqual({ retryAfterSeconds: 1 }) // two and two is no better
    expect(endings).toEqual(['full', 'full', 'full'])
    expect(waiting()).toBe(3)
  })

  test('has an end, and says when to come back by how fast room comes', async () => {
    const { upstreams, views, endings, waiting } = gateway(1, { caps: [1], maxWaitMs: 1 })
    call(upstreams[0]!)
    const late = call(upstreams[0]!)
    await until(() => late.taken)
    expect(late.taken).toEqual({ retryAfterSeconds: 1 })
    expect(endings).toEqual(['late'])
    expect(waiting()).toBe(0)
    views[0]!.releaseMs = () => 4_200 // one call ends in so long
    const later = call(upstreams[0]!)
    await until(() => later.taken)
    expect(later.taken).toEqual({ retryAfterSeconds: 9 }) // itself and one more
  })

  test('is left at once when the caller goes, also by the one that would be next', async () => {
    const { upstreams, endings, waiting } = gateway(1, { caps: [1] })
    const first = call(upstreams[0]!)
    const [gone, next] = [call(upstreams[0]!, by('a')), call(upstreams[0]!, by('b'))]
    gone.leave()
    expect(waiting()).toBe(1)
    first.end()
    await until(() => next.taken)
    expect(gone.taken).toBe('left')
    expect(endings).toEqual(['gone', 'served'])
  })

  test('of a call that may not go everywhere holds up nobody else', async () => {
    const { upstreams } = gateway(1, { caps: [1, 1] })
    const [one, two] = [call(upstreams[0]!), call(upstreams[0]!)]
    const picky = call(upstreams[0]!, by('a', [one.taken as TargetView]))
    const other = call(upstreams[0]!, by('b'))
    one.end()
    await until(() => other.taken)
    expect(picky.taken).toBeUndefined()
    two.end()
    await until(() => picky.taken)
    expect(picky.taken).toBe(two.taken)
  })

  test('goes on in another thread when the one that was woken has nobody left', async () => {
    // Which of the two is woken is chance: in one of twenty rounds it is the one whose call leaves.
    for (let round = 0; round < 20; round++) {
      const { upstreams } = gateway(3, { caps: [1] })
      const first = call(upstreams[0]!)
      const [gone, other] = [call(upstreams[1]!), call(upstreams[2]!)]
      first.end()
      gone.leave()
      await until(() => other.taken)
      expect(isTarget(other.taken!)).toBe(true)
    }
  })

  test('of a thread that crashed is forgotten by the others', () => {
    const { upstreams, views, waiting, count } = gateway(2, { caps: [2] })
    const calls = [0, 0, 1, 1].map((thread) => call(upstreams[thread]!))
    calls.push(call(upstreams[0]!))
    expect(waiting()).toBe(3)
    views[1]!.releaseThread(0)
    expect(waiting()).toBe(2)
    expect([count('ups_1?inFlight'), count('ups_1?partners'), count('ups_1/t0')]).toEqual([0, 1, 0])
  })

  test('whatever comes, ends and leaves: caps hold, every call has one end, nobody is left without need', async () => {
    const step = fc.record({
      kind: fc.constantFrom('come', 'come', 'come', 'end', 'end', 'leave', 'pause'),
      thread: fc.nat({ max: 2 }),
      who: fc.constantFrom('a', 'b', 'c'),
      at: fc.nat({ max: 30 }),
    })
    const settings = fc.record({
      caps: fc.array(fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }), {
        minLength: 1,
        maxLength: 3,
      }),
      cap: fc.integer({ min: 1, max: 4 }),
      maxWaiting: fc.nat({ max: 5 }),
    })
    await fc.assert(
      fc.asyncProperty(settings, fc.array(step, { maxLength: 60 }), async (limits, steps) => {
        const { upstreams, endings, count, waiting } = gateway(3, limits)
        const calls: Call[] = []
        const held = () => calls.filter(({ taken }) => taken && isTarget(taken))
        const check = () => {
          expect(count('ups_1?inFlight')).toBeLessThanOrEqual(limits.cap)
          for (const [i, cap] of limits.caps.entries())
            expect(count(`ups_1/t${i}`)).toBeLessThanOrEqual(cap ?? limits.cap)
          expect(waiting()).toBeLessThanOrEqual(limits.maxWaiting)
        }
        const end = (one: Call) => {
          one.end()
          calls.splice(calls.indexOf(one), 1)
        }
        for (const { kind, thread, who, at } of steps) {
          if (kind === 'come') calls.push(call(upstreams[thread]!, by(who)))
          else if (kind === 'end')
            held()
              .slice(at, at + 1)
              .forEach(end)
          else if (kind === 'leave') calls[at]?.leave()
          else await new Promise(setImmediate)
          check()
        }
        // With every call that ends the next one is served, until none is left: no wake is ever lost.
        for (;;) {
          await until(() => held().length > 0 || waiting() === 0, { everyMs: 1 })
          const [one] = held()
          if (one) end(one)
          else if (waiting() === 0 && calls.every(({ taken }) => taken !== undefined)) break
          check()
        }
        for (const key of [
          'ups_1?inFlight',
          'ups_1?waiting',
          'ups_1?partners',
          ...limits.caps.map((_, i) => `ups_1/t${i}`),
        ])
          expect(count(key)).toBe(0)
        const refused = calls.filter(({ taken }) => typeof taken === 'object' && 'retryAfterSeconds' in taken)
        expect(endings.filter((ending) => ending === 'full').length).toBe(refused.length)
        expect(endings.filter((ending) => ending === 'gone').length).toBe(
          calls.filter(({ taken }) => taken === 'left').length,
        )
      }),
      { numRuns: 150 },
    )
  }, 60_000)
})
