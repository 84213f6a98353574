import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { takeTokens } from '../../../registry/limits.ts'
import type { Registry } from '../../../registry/store.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'

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

/** Takes as fast as it can until so many ms of Redis time have passed; says what was let through, and when. */
async function hammer(
  key: string,
  costs: readonly number[],
  lastsMs: number,
  limit: readonly [number, number, number | ''],
) {
  const admitted: Admitted[] = []
  let startMs: number | undefined
  for (let i = 0; ; i++) {
    const cost = costs[i % costs.length]!
    const [isAllowed, , , , atMs] = await r.redis.takeFromLimit(1, key, limit[0], limit[1], cost, limit[2])
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
          const admitted = await hammer(`${r.keys.prefix}${run++}`, costs, windowMs * 2.5, [
            limit,
            windowMs,
            '',
          ])
          expect(mostInAnyWindow(admitted, windowMs)).toBeLessThanOrEqual(limit)
          // And it is not merely shut: each window that has passed gives the limit again, up to the largest cost.
          const total = admitted.reduce((sum, { cost }) => sum + cost, 0)
          const fits = Math.min(...costs) <= limit
          if (fits && costs.every((cost) => cost === 1)) expect(total).toBeGreaterThanOrEqual(limit * 2)
        },
      ),
      { numRuns: 8 },
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
    const admitted = await hammer(r.keys.limit('par_1', 'calls:window'), [1], 450, [2, 300, ''])
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
          const admitted = await hammer(`${r.keys.prefix}${run++}`, [1], windowMs * 2, [
            limit,
            windowMs,
            burst,
          ])
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
