import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  giveBack,
  type LimitClaim,
  type Taken,
  takeLimits,
  takeTokens,
  type Wanted,
} from '../../../registry/limits.ts'
import type { Registry } from '../../../registry/store.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { until } from '../../support/until.ts'

let r: Registry & { close(): Promise<void> }
beforeEach(async () => {
  r = await testRegistry()
})
afterEach(() => r.close())
afterAll(stopSharedRedis)

interface Admitted {
  readonly atMs: number
  readonly cost: number
}

interface Shape {
  readonly limit: number
  readonly windowMs: number
  readonly burst?: number
}
interface Lease {
  readonly amount: number
  readonly lifeMs: number
}

/** One take as the script does it, with the time of Redis at which it was decided. */
async function takeAt(key: string, { limit, windowMs, burst }: Shape, cost: number, lease?: Lease) {
  const { amount, lifeMs } = lease ?? { amount: 0, lifeMs: 0 }
  const of = [
    burst === undefined ? 'w' : 's',
    0,
    limit,
    cost,
    amount,
    amount,
    lifeMs,
    windowMs,
    burst ?? 0,
    0,
  ]
  const [atMs, calls, , leased] = await r.redis.takeLimits(1, key, 1, 1, 'one', 1_000, ...of)
  return { atMs: atMs!, isAllowed: calls === 1, leased: leased! }
}

/** Takes as fast as it can until so many ms of Redis time have passed; says what was let through, and when. */
async function hammer(key: string, costs: readonly number[], lastsMs: number, shape: Shape) {
  const admitted: Admitted[] = []
  let startMs: number | undefined
  for (let i = 0; ; i++) {
    const cost = costs[i % costs.length]!
    const { isAllowed, atMs } = await takeAt(key, shape, cost)
    startMs ??= atMs
    if (isAllowed) admitted.push({ atMs, cost })
    if (atMs - startMs > lastsMs) return admitted
  }
}

/** The most that was let through in any window that ends with a call. */
function mostInAnyWindow(admitted: readonly Admitted[], windowMs: number): number {
  const sums = admitted.map(({ atMs: end }) =>
    admitted
      .filter(({ atMs }) => atMs > end - windowMs && atMs <= end)
      .reduce((sum, { cost }) => sum + cost, 0),
  )
  return Math.max(0, ...sums)
}

describe('the sliding window', () => {
  test('never lets more than the limit through in any window, whatever is asked', async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 200, max: 350 }),
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 5 }),
        async (limit, windowMs, costs) => {
          const shape = { limit, windowMs }
          const admitted = await hammer(`${r.keys.prefix}${run++}`, costs, windowMs * 2.5, shape)
          expect(mostInAnyWindow(admitted, windowMs)).toBeLessThanOrEqual(limit)
          // And it is not merely shut: each window that has passed gives the limit again, up to the largest cost.
          const total = admitted.reduce((sum, { cost }) => sum + cost, 0)
          const fits = Math.min(...costs) <= limit
          if (fits && costs.every((cost) => cost === 1)) expect(total).toBeGreaterThanOrEqual(limit * 2)
        },
      ),
      { numRuns: 5 },
    )
  })

  test('lets exactly the limit through, all at once, out of a thousand concurrent calls', async () => {
    const take = { owner: 'par_1', rule: 'calls', limit: 100, windowMs: 60_000, cost: 1 }
    const answers = await Promise.all(Array.from({ length: 1000 }, () => takeTokens(r, take)))
    expect(answers.filter(({ isAllowed }) => isAllowed)).toHaveLength(100)
    expect(answers.filter(({ isAllowed }) => isAllowed).map(({ remaining }) => remaining)).toEqual(
      Array.from({ length: 100 }, (_, i) => 99 - i),
    )
  })

  test('says when to come back, and a refused call costs nothing', async () => {
    const take = { owner: 'par_1', rule: 'calls', limit: 2, windowMs: 300, cost: 1 }
    await takeTokens(r, take)
    await takeTokens(r, take)
    const refused = await takeTokens(r, take)
    expect(refused).toMatchObject({ isAllowed: false, remaining: 0 })
    expect(refused.retryAfterMs).toBeGreaterThan(0)
    expect(refused.retryAfterMs).toBeLessThanOrEqual(315)
    // Asking without pause must not put off the moment.
    const admitted = await hammer(r.keys.limit('par_1', 'calls:window'), [1], 450, {
      limit: 2,
      windowMs: 300,
    })
    expect(admitted.length).toBeGreaterThanOrEqual(1)
  })

  test('refuses what costs more than is left, and takes what still fits', async () => {
    const take = { owner: 'par_1', rule: 'cost', limit: 10, windowMs: 60_000 }
    expect(await takeTokens(r, { ...take, cost: 7 })).toMatchObject({ isAllowed: true, remaining: 3 })
    expect(await takeTokens(r, { ...take, cost: 4 })).toMatchObject({ isAllowed: false, remaining: 3 })
    expect(await takeTokens(r, { ...take, cost: 3 })).toMatchObject({ isAllowed: true, remaining: 0 })
  })

  test('keeps its count when limit or window change', async () => {
    const take = { owner: 'par_1', rule: 'edit', limit: 5, windowMs: 60_000, cost: 1 }
    for (let i = 0; i < 5; i++) await takeTokens(r, take)
    expect(await takeTokens(r, { ...take, limit: 6, windowMs: 90_000 })).toMatchObject({
      isAllowed: true,
      remaining: 0,
    })
    expect(await takeTokens(r, { ...take, limit: 6, windowMs: 61_000 })).toMatchObject({ isAllowed: false })
  })

  test('keeps nothing longer than it matters', async () => {
    await takeTokens(r, { owner: 'par_1', rule: 'calls', limit: 5, windowMs: 10_000, cost: 1 })
    const leftMs = await r.redis.pttl(r.keys.limit('par_1', 'calls:window'))
    expect(leftMs).toBeGreaterThan(0)
    expect(leftMs).toBeLessThanOrEqual(10_500)
    await takeTokens(r, { owner: 'par_2', rule: 'peek', limit: 5, windowMs: 10_000, cost: 0 })
    expect(await r.redis.exists(r.keys.limit('par_2', 'peek:window'))).toBe(0)
  })

  test('is not blocked by what was written before the clock was set back', async () => {
    const key = r.keys.limit('par_1', 'clock:window')
    await r.redis.hset(key, String(Date.now() + 3_600_000), 5)
    expect(
      await takeTokens(r, { owner: 'par_1', rule: 'clock', limit: 5, windowMs: 1_000, cost: 1 }),
    ).toMatchObject({
      isAllowed: true,
      remaining: 4,
    })
  })
})

describe('GCRA', () => {
  test('lets the burst through at once, then one each interval', async () => {
    const take = { owner: 'par_1', rule: 'calls', limit: 10, windowMs: 1_000, burst: 3, cost: 1 }
    const answers = await Promise.all(Array.from({ length: 10 }, () => takeTokens(r, take)))
    expect(answers.filter(({ isAllowed }) => isAllowed).map(({ remaining }) => remaining)).toEqual([2, 1, 0])
    const refused = answers.at(-1)!
    expect(refused.retryAfterMs).toBeGreaterThan(0)
    expect(refused.retryAfterMs).toBeLessThanOrEqual(100)
    expect(refused.resetMs).toBeLessThanOrEqual(300)
  })

  test('never lets more than burst and interval allow', async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 3, max: 30 }),
        fc.integer({ min: 200, max: 400 }),
        fc.integer({ min: 1, max: 8 }),
        async (limit, windowMs, burst) => {
          const shape = { limit, windowMs, burst }
          const admitted = await hammer(`${r.keys.prefix}${run++}`, [1], windowMs * 2, shape)
          const stepMs = windowMs / limit
          // Times are cut to whole milliseconds, which may bring two calls one closer.
          for (const [i, first] of admitted.entries())
            for (const [j, last] of admitted.entries())
              if (j > i)
                expect(j - i + 1).toBeLessThanOrEqual(burst + (last.atMs - first.atMs + 1) / stepMs + 1e-6)
          expect(admitted.length).toBeGreaterThanOrEqual(Math.min(limit, burst))
        },
      ),
      { numRuns: 6 },
    )
  })

  test('keeps nothing longer than it matters', async () => {
    await takeTokens(r, { owner: 'par_1', rule: 'calls', limit: 10, windowMs: 1_000, burst: 3, cost: 1 })
    expect(await r.redis.pttl(r.keys.limit('par_1', 'calls:spread'))).toBeLessThanOrEqual(101)
  })
})

const window = (rule: string, limit: number, more: Partial<LimitClaim> = {}): LimitClaim =>
  ({
    kind: 'window',
    owner: 'par_1',
    rule,
    limit,
    windowMs: 60_000,
    cost: 1,
    isObserved: false,
    ...more,
  }) as LimitClaim
const alone = (claim: LimitClaim): Wanted => ({ claim, near: 0, far: 0, lifeMs: 0 })
const take = (claims: readonly LimitClaim[], calls = 1, holder = 'one'): Promise<Taken> =>
  takeLimits(r, { wanted: claims.map(alone), calls, nodes: 1, holder, heldMs: 500 })
const leftOf = async (claim: LimitClaim) => (await take([{ ...claim, cost: 0 }])).of[0]!.remaining

describe('several limits at once', () => {
  test('are taken all or none', async () => {
    const wide = window('wide', 10)
    const narrow = window('narrow', 1)
    expect((await take([wide, narrow])).calls).toBe(1)
    const refused = await take([wide, narrow])
    expect(refused.calls).toBe(0)
    expect(refused.of[1]!.retryAfterMs).toBeGreaterThan(0)
    expect(await leftOf(wide)).toBe(9)
  })

  test('let through as many of the calls that wait as all have room for', async () => {
    const wide = window('wide', 10)
    const narrow = window('narrow', 4)
    const { calls, of } = await take([wide, narrow], 7)
    expect(calls).toBe(4)
    expect(of.map(({ counted, remaining }) => [counted, remaining])).toEqual([
      [4, 6],
      [4, 0],
    ])
    expect(of[0]!.retryAfterMs).toBe(0)
    expect(of[1]!.retryAfterMs).toBeGreaterThan(0)
  })

  test('are not refused by one that is only observed, which counts as long as it has room', async () => {
    const enforced = window('enforced', 10)
    const observed = window('observed', 2, { isObserved: true })
    const { calls, of } = await take([enforced, observed], 5)
    expect(calls).toBe(5)
    expect(of.map(({ counted }) => counted)).toEqual([5, 2])
    expect((await take([enforced, observed])).of[1]!.retryAfterMs).toBeGreaterThan(0)
    await take([window('narrow', 1), observed], 1)
    await take([window('narrow', 1), window('free', 1, { isObserved: true })], 1)
    expect(await leftOf(window('free', 1))).toBe(1) // what others refuse is not counted here either
  })
})

describe('the calendar', () => {
  const daily = (limit: number, timeZone = 'UTC') =>
    window('daily', limit, { kind: 'calendar', period: { unit: 'day', timeZone } } as Partial<LimitClaim>)

  test('counts until the period ends', async () => {
    const { of } = await take([daily(5)], 3)
    expect(of[0]).toMatchObject({ counted: 3, remaining: 2 })
    const midnight = new Date().setUTCHours(24, 0, 0, 0)
    expect(Math.abs(of[0]!.resetMs - (midnight - Date.now()))).toBeLessThan(2_000)
    const refused = await take([daily(3)])
    expect(refused.calls).toBe(0)
    expect(refused.of[0]!.retryAfterMs).toBe(refused.of[0]!.resetMs)
    expect(await r.redis.pttl(r.keys.limit('par_1', 'daily:day'))).toBeGreaterThan(0)
  })

  test('begins again with the next period, by the clock of Redis', async () => {
    const second = window('aligned', 2, {
      kind: 'calendar',
      period: { unit: 'seconds', seconds: 1 },
    } as Partial<LimitClaim>)
    const perSecond = new Map<number, number>()
    for (let i = 0; perSecond.size < 4; i++) {
      const [atMs, calls] = await r.redis.takeLimits(
        ...[1, r.keys.limit('par_1', 'aligned:seconds'), 1, 1, 'one', 500, 'c', 0, second.limit, 1, 0, 0, 0],
        // A gateway whose clock is a second behind, or ahead: Redis decides.
        ...boundsOf(Date.now() + ((i % 3) - 1) * 1_000),
      )
      const at = Math.floor(atMs! / 1_000)
      perSecond.set(at, (perSecond.get(at) ?? 0) + calls!)
    }
    const whole = [...perSecond.values()].slice(1, -1)
    expect(whole).toEqual(whole.map(() => 2))
  })
  const boundsOf = (now: number) => [0, 1_000, 2_000].map((ms) => Math.floor(now / 1_000) * 1_000 + ms)

  test('keeps its count when the time zone is edited', async () => {
    await take([daily(10)], 4)
    expect(await leftOf(daily(10, 'Asia/Tokyo'))).toBe(6)
  })
})

describe('calls in flight', () => {
  const flight = window('flight', 3, { kind: 'flight' } as Partial<LimitClaim>)

  test('are counted over all holders, until they are given back', async () => {
    expect((await take([flight], 2, 'one')).calls).toBe(2)
    expect((await take([flight], 2, 'two')).calls).toBe(1)
    expect((await take([flight], 1, 'one')).calls).toBe(0)
    await giveBack(r, [{ claim: flight, amount: 1, stamp: 0 }], 'one')
    expect((await take([flight], 1, 'two')).calls).toBe(1)
  })

  test('of a holder that falls silent come free; those of one that shows life stay', async () => {
    await take([flight], 1, 'silent')
    await take([flight], 2, 'alive')
    const showLife = () => take([flight], 0, 'alive')
    await until(async () => {
      expect((await showLife()).of[0]!.stamp).toBe(2)
      return (await leftOf(flight)) === 1
    })
    expect((await take([flight], 1, 'new')).calls).toBe(1)
  })
})

describe('leases', () => {
  const wanting = (claim: LimitClaim, near: number, far: number): Wanted => ({
    claim,
    near,
    far,
    lifeMs: 1_000,
  })
  const ask = (wanted: Wanted[], calls: number, nodes = 3) =>
    takeLimits(r, { wanted, calls, nodes, holder: 'one', heldMs: 500 })

  test('are large far from the limit, smaller near it, and none where others would go without', async () => {
    const claim = window('leased', 100)
    const leases: number[] = []
    for (let i = 0; i < 8; i++) leases.push((await ask([wanting(claim, 4, 20)], 1)).of[0]!.lease)
    // 1 + 20, 1 + 20 (then half is used up: 58 left), then 1 + 4 each, as long as 12 are left after the call
    expect(leases).toEqual([20, 20, 4, 4, 4, 4, 4, 4])
    for (let i = 0; i < 4; i++) await ask([wanting(claim, 4, 20)], 1)
    expect((await ask([wanting(claim, 4, 20)], 1)).of[0]!.lease).toBe(0)
  })

  test('can be had ahead of any call', async () => {
    const { calls, of } = await ask([wanting(window('ahead', 100), 4, 0)], 0)
    expect(calls).toBe(0)
    expect(of[0]).toMatchObject({ counted: 0, lease: 4, remaining: 96 })
  })

  test.each([
    ['window', {}],
    ['spread', { kind: 'spread', burst: 100 }],
    ['calendar', { kind: 'calendar', period: { unit: 'day', timeZone: 'UTC' } }],
  ])('that were not spent are given back: %s', async (rule, more) => {
    const claim = window(rule, 100, more as Partial<LimitClaim>)
    const { of } = await ask([wanting(claim, 10, 0)], 0)
    const before = await leftOf(claim)
    await giveBack(r, [{ claim, amount: 7, stamp: of[0]!.stamp }], 'one')
    expect((await leftOf(claim)) - before).toBe(7)
  })

  test('of GCRA do not come back once others were measured from them', async () => {
    const claim = window('spread', 100, { kind: 'spread', burst: 100 } as Partial<LimitClaim>)
    const { of } = await ask([wanting(claim, 10, 0)], 0)
    await take([claim], 80)
    const before = await leftOf(claim)
    await giveBack(r, [{ claim, amount: 10, stamp: of[0]!.stamp }], 'one')
    expect((await leftOf(claim)) - before).toBeLessThanOrEqual(1)
  })

  test('never let more through in any window, whenever in their life they are spent', async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 10, max: 40 }),
        fc.integer({ min: 200, max: 300 }),
        fc.option(fc.integer({ min: 4, max: 10 }), { nil: undefined }),
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 20 }),
        async (limit, windowMs, burst, amount, moments) => {
          const key = `${r.keys.prefix}lease${run++}`
          const lifeMs = Math.floor(windowMs / 20)
          const spent: Admitted[] = []
          let startMs: number | undefined
          for (let i = 0; ; i++) {
            const shape = burst === undefined ? { limit, windowMs } : { limit, windowMs, burst }
            const { atMs, isAllowed, leased } = await takeAt(key, shape, 1, { amount, lifeMs })
            startMs ??= atMs
            if (isAllowed) spent.push({ atMs, cost: 1 })
            for (let n = 0; n < leased; n++)
              spent.push({ atMs: atMs + moments[(i + n) % moments.length]! * lifeMs, cost: 1 })
            if (atMs - startMs > windowMs * 2.5) break
          }
          const most = mostInAnyWindow(spent, windowMs)
          // Times are cut to whole milliseconds, which may bring one call more.
          expect(most).toBeLessThanOrEqual(burst === undefined ? limit : limit + burst + 1)
        },
      ),
      { numRuns: 5 },
    )
  })
})
