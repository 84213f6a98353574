import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { leaseSize, nextDemand } from '../../../gateway/lease-size.ts'
import type { LimitClaim } from '../../../registry/limits.ts'

const base = { owner: 'par_1', rule: 'calls', cost: 1, isObserved: false }
const window = (limit: number, windowMs: number, more: object = {}) =>
  ({ ...base, kind: 'window', limit, windowMs, ...more }) as LimitClaim

const anyClaim: fc.Arbitrary<LimitClaim> = fc
  .record({
    kind: fc.constantFrom('window', 'spread', 'calendar', 'flight'),
    limit: fc.integer({ min: 1, max: 1_000_000_000 }),
    windowMs: fc.integer({ min: 1, max: 86_400 }).map((s) => s * 1000),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    unit: fc.constantFrom('day', 'week', 'month'),
  })
  .map(
    ({ kind, limit, windowMs, part, unit }) =>
      ({
        ...base,
        kind,
        limit,
        windowMs,
        burst: Math.max(1, Math.floor(limit * part)),
        period: { unit, timeZone: 'UTC' },
      }) as LimitClaim,
  )
const anyNodes = fc.integer({ min: 0, max: 100 })

describe('the size of a lease', () => {
  test('is never more than a tenth of the limit over all gateways, and near the limit 50 ms of its rate', () => {
    fc.assert(
      fc.property(anyClaim, anyNodes, (claim, nodes) => {
        const { far, near } = leaseSize(claim, nodes)
        expect(far * Math.max(1, nodes) * 10).toBeLessThanOrEqual(claim.limit)
        expect(near).toBeLessThanOrEqual(Math.max(far, 0))
        if (claim.kind === 'window' || claim.kind === 'spread')
          expect(near).toBeLessThanOrEqual((claim.limit / claim.windowMs) * 50)
      }),
    )
  })

  test('comes with a life of at most a second and a tenth of the window', () => {
    fc.assert(
      fc.property(anyClaim, anyNodes, (claim, nodes) => {
        const { far, lifeMs } = leaseSize(claim, nodes)
        expect(lifeMs).toBeLessThanOrEqual(1_000)
        if (claim.kind === 'window' || claim.kind === 'spread')
          expect(lifeMs * 10).toBeLessThanOrEqual(claim.windowMs)
        expect(lifeMs > 0).toBe(far > 0)
        // A burst must have room for what all gateways hold.
        if (claim.kind === 'spread' && far > 0)
          expect(far * Math.max(1, nodes) * 4).toBeLessThanOrEqual(claim.burst)
      }),
    )
  })

  test.each<[string, LimitClaim, number, number, number]>([
    ['100 a minute: to the call', window(100, 60_000), 1, 0, 0],
    ['1,000,000 a minute', window(1_000_000, 60_000), 3, 33_333, 833],
    ['10,000 a second, three gateways', window(10_000, 1_000), 3, 333, 333],
    ['500 a minute', window(500, 60_000), 1, 50, 0],
    ['money', window(1_000_000, 60_000, { cost: 250 }), 1, 0, 0],
    ['20 calls in flight', { ...base, kind: 'flight', limit: 20 }, 1, 2, 2],
  ])('of %s', (_what, claim, nodes, far, near) => {
    expect(leaseSize(claim, nodes)).toMatchObject({ far, near })
  })
})

describe('demand', () => {
  test('grows while leases are spent quickly, and is gone when the key rests', () => {
    let demand = 1
    const seen: number[] = []
    for (let i = 0; i < 6; i++) {
      demand = nextDemand(demand, 1, 10, 1_000)
      seen.push(demand)
    }
    expect(seen).toEqual([4, 16, 64, 128, 256, 512])
    expect(nextDemand(512, 1, 700, 1_000)).toBe(512)
    expect(nextDemand(512, 3, 2_000, 1_000)).toBe(3)
  })
})
