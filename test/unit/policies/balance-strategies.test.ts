import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createChooser } from '../../../policies/balance/index.ts'
import type { HashOn } from '../../../registry/model.ts'
import { call, chosen, randomFrom, settings } from '../../support/balance.ts'
import { exchange, type FakeTarget, identity, target } from '../../support/policy-run.ts'

describe('round-robin', () => {
  test('spreads 5:1:1 evenly, not five in a row', () => {
    const choose = createChooser(settings('round-robin'), [
      target('a', { weight: 5 }),
      target('b'),
      target('c'),
    ])
    const order = Array.from({ length: 7 }, () => chosen(choose).id).join('')
    expect(order).toBe('aabacaa')
  })

  test('gives each target exactly its share in every full round', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 12 }), (weights) => {
        const targets = weights.map((weight, i) => target(`t${i}`, { weight }))
        const choose = createChooser(settings('round-robin'), targets)
        const round = weights.reduce((a, b) => a + b)
        for (let i = 0; i < round; i++) choose(call())
        expect(targets.map((t) => t.taken)).toEqual(weights)
      }),
      { numRuns: 50 },
    )
  })
})

describe('weighted', () => {
  test('comes near its shares over many calls', () => {
    const targets = [target('a', { weight: 5 }), target('b', { weight: 3 }), target('c', { weight: 2 })]
    const choose = createChooser(settings('weighted'), targets, randomFrom(1))
    for (let i = 0; i < 10_000; i++) choose(call())
    const shares = targets.map((t) => t.taken / 10_000)
    for (const [i, share] of [0.5, 0.3, 0.2].entries())
      expect(Math.abs(shares[i]! - share)).toBeLessThan(0.02)
  })

  test.each([0, 0.999_999_999])('picks one of the open ones at the edge %d of chance', (edge) => {
    const targets = [target('a', { maxConnections: 0 }), target('b'), target('c', { maxConnections: 0 })]
    expect(chosen(createChooser(settings('weighted'), targets, () => edge)).id).toBe('b')
  })
})

describe('least-connections', () => {
  test('takes the one with the fewest calls in flight next to its weight', () => {
    const [a, b] = [target('a', { weight: 3 }), target('b')]
    const choose = createChooser(settings('least-connections'), [a, b], randomFrom(2))
    for (let i = 0; i < 400; i++) choose(call())
    expect([a.inFlight(), b.inFlight()]).toEqual([300, 100])
  })

  test('breaks ties at random, each as likely', () => {
    const targets = ['a', 'b', 'c', 'd'].map((id) => target(id))
    const choose = createChooser(settings('least-connections'), targets, randomFrom(3))
    for (let i = 0; i < 8_000; i++) chosen(choose).release()
    for (const t of targets) expect(Math.abs(t.taken / 8_000 - 0.25)).toBeLessThan(0.02)
  })

  test('leaves a slow target its fair share only: calls in flight stay level', () => {
    const [quick, slow] = [target('quick'), target('slow')]
    const choose = createChooser(settings('least-connections'), [quick, slow], randomFrom(4))
    const ends: { at: number; from: FakeTarget }[] = []
    for (let now = 0; now < 2_000; now++) {
      for (const end of ends.filter(({ at }) => at === now)) end.from.release()
      const t = chosen(choose)
      ends.push({ at: now + (t === slow ? 40 : 4), from: t })
      expect(slow.inFlight() - quick.inFlight()).toBeLessThanOrEqual(1)
    }
    expect(quick.taken / slow.taken).toBeGreaterThan(5)
  })
})

describe('least-time', () => {
  const timed = (...times: (number | undefined)[]) =>
    times.map((meanMs, i) => Object.assign(target(`t${i}`), { meanMs }))
  const serve = (targets: FakeTarget[], calls: number, seed: number) => {
    const choose = createChooser(settings('least-time'), targets, randomFrom(seed))
    for (let i = 0; i < calls; i++) chosen(choose).release()
    return targets.map(({ taken }) => taken / calls)
  }

  test('takes the quicker of two, and of several never the slowest', () => {
    expect(serve(timed(10, 20), 100, 1)).toEqual([1, 0])
    const [first, second, third] = serve(timed(10, 20, 30), 9_000, 2)
    expect(third).toBe(0)
    // Two of three are drawn: with the quickest among them in two cases of three.
    expect(Math.abs(first! - 2 / 3)).toBeLessThan(0.03)
    expect(Math.abs(second! - 1 / 3)).toBeLessThan(0.03)
  })

  test('counts the calls in flight and the weight: the slow one gets what the quick one has no time for', () => {
    const [quick, slow] = timed(10, 30) as [FakeTarget, FakeTarget]
    const choose = createChooser(settings('least-time'), [quick, slow], randomFrom(3))
    for (let i = 0; i < 400; i++) choose(call())
    expect(Math.abs(quick.inFlight() - 300)).toBeLessThanOrEqual(1)
    expect(serve([target('a'), target('b', { weight: 3 })], 100, 4)).toEqual([0, 1])
  })

  test('takes one that has not answered yet for an average one', () => {
    expect(serve(timed(10, 30, undefined), 9_000, 5)[1]).toBe(0)
    for (const share of serve(timed(undefined, undefined), 9_000, 6))
      expect(Math.abs(share - 0.5)).toBeLessThan(0.03)
  })
})

describe('hash', () => {
  const shop = (n: number) => exchange({ ip: `192.0.2.${n}` })
  const fleet = (weights: number[]) => weights.map((weight, i) => target(`t${i}`, { weight }))
  const placed = (targets: FakeTarget[], keys: number) => {
    const choose = createChooser(settings('hash'), targets)
    return Array.from({ length: keys }, (_, n) => choose(shop(n)) as FakeTarget)
  }

  test('gives targets their share of the keys, by weight', () => {
    const targets = fleet([5, 3, 2])
    placed(targets, 10_000)
    for (const [i, share] of [0.5, 0.3, 0.2].entries())
      expect(Math.abs(targets[i]!.taken / 10_000 - share)).toBeLessThan(0.02)
  })

  test('always sends a key to the same target, whoever asks and in whatever order they are listed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }), (weights) => {
        const there = placed(fleet(weights), 50).map(({ id }) => id)
        expect(placed(fleet(weights).reverse(), 50).map(({ id }) => id)).toEqual(there)
      }),
    )
  })

  test('moves only the keys of the target that is gone, spread over the others, and brings them back', () => {
    const targets = fleet([1, 1, 1, 1])
    const before = placed(targets, 4_000)
    targets[0]!.isHealthy = false
    const after = placed(targets, 4_000)
    const moved = after.filter((_, n) => before[n] === targets[0])
    for (const [n, now] of after.entries()) if (before[n] !== targets[0]) expect(now).toBe(before[n])
    for (const other of targets.slice(1))
      expect(moved.filter((now) => now === other).length / moved.length).toBeGreaterThan(0.25)
    targets[0]!.isHealthy = true
    expect(placed(targets, 4_000)).toEqual(before)
  })

  test('falls to the second when the first is at its cap, and comes to the same second every time', () => {
    const targets = fleet([1, 1, 1]).map(({ id }) => target(id, { maxConnections: 1 }))
    const choose = createChooser(settings('hash'), targets)
    const order = () => Array.from({ length: 3 }, () => choose(shop(7)) as FakeTarget)
    const first = order()
    expect(new Set(first).size).toBe(3)
    expect(choose(shop(7))).toBe('busy')
    for (const t of first) t.release()
    expect(order()).toEqual(first)
  })

  test.each<[HashOn, Parameters<typeof exchange>, Parameters<typeof exchange>]>([
    [{ by: 'address' }, [{ ip: '::1' }], [{ ip: '::2' }]],
    [
      { by: 'partner' },
      [{}, { identity: identity({ partnerId: 'a' }) }],
      [{}, { identity: identity({ partnerId: 'b' }) }],
    ],
    [
      { by: 'application' },
      [{}, { identity: identity({ applicationId: 'a' }) }],
      [{}, { identity: identity({ applicationId: 'b' }) }],
    ],
    [
      { by: 'header', header: 'x-account' },
      [{ headers: { 'x-account': 'a' } }],
      [{ headers: { 'x-account': 'b' } }],
    ],
    [{ by: 'header', header: 'x-account' }, [{ ip: '::1' }], [{ ip: '::2' }]],
    [{ by: 'partner' }, [{ ip: '::1' }], [{ ip: '::2' }]],
  ])('goes by %j', (hashOn, one, other) => {
    const targets = Array.from({ length: 200 }, (_, i) => target(`t${i}`))
    const choose = createChooser(settings('hash', { hashOn }), targets)
    expect(choose(exchange(...one))).toBe(choose(exchange(...one)))
    expect(choose(exchange(...one))).not.toBe(choose(exchange(...other)))
  })
})
