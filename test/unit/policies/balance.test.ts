import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { balance, createChooser } from '../../../policies/balance/index.ts'
import type { Chooser, TargetView, UpstreamView } from '../../../policies/policy.ts'
import { BalanceStrategy } from '../../../registry/model.ts'
import { compile, exchange, type FakeTarget, target } from '../../support/policy-run.ts'

const strategies = BalanceStrategy.options

/** A repeatable source of numbers from 0 to below 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const chosen = (choose: Chooser, tried: TargetView[] = []) => choose(tried) as FakeTarget

describe('round-robin', () => {
  test('spreads 5:1:1 evenly, not five in a row', () => {
    const choose = createChooser('round-robin', [target('a', { weight: 5 }), target('b'), target('c')])
    const order = Array.from({ length: 7 }, () => chosen(choose).id).join('')
    expect(order).toBe('aabacaa')
  })

  test('gives each target exactly its share in every full round', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 12 }), (weights) => {
        const targets = weights.map((weight, i) => target(`t${i}`, { weight }))
        const choose = createChooser('round-robin', targets)
        const round = weights.reduce((a, b) => a + b)
        for (let i = 0; i < round; i++) choose([])
        expect(targets.map((t) => t.taken)).toEqual(weights)
      }),
      { numRuns: 50 },
    )
  })
})

describe('weighted', () => {
  test('comes near its shares over many calls', () => {
    const targets = [target('a', { weight: 5 }), target('b', { weight: 3 }), target('c', { weight: 2 })]
    const choose = createChooser('weighted', targets, randomFrom(1))
    for (let i = 0; i < 10_000; i++) choose([])
    const shares = targets.map((t) => t.taken / 10_000)
    for (const [i, share] of [0.5, 0.3, 0.2].entries())
      expect(Math.abs(shares[i]! - share)).toBeLessThan(0.02)
  })

  test.each([0, 0.999_999_999])('picks one of the open ones at the edge %d of chance', (edge) => {
    const targets = [target('a', { maxConnections: 0 }), target('b'), target('c', { maxConnections: 0 })]
    expect(chosen(createChooser('weighted', targets, () => edge)).id).toBe('b')
  })
})

describe('least-connections', () => {
  test('takes the one with the fewest calls in flight next to its weight', () => {
    const [a, b] = [target('a', { weight: 3 }), target('b')]
    const choose = createChooser('least-connections', [a, b], randomFrom(2))
    for (let i = 0; i < 400; i++) choose([])
    expect([a.inFlight(), b.inFlight()]).toEqual([300, 100])
  })

  test('breaks ties at random, each as likely', () => {
    const targets = ['a', 'b', 'c', 'd'].map((id) => target(id))
    const choose = createChooser('least-connections', targets, randomFrom(3))
    for (let i = 0; i < 8_000; i++) chosen(choose).release()
    for (const t of targets) expect(Math.abs(t.taken / 8_000 - 0.25)).toBeLessThan(0.02)
  })

  test('leaves a slow target its fair share only: calls in flight stay level', () => {
    const [quick, slow] = [target('quick'), target('slow')]
    const choose = createChooser('least-connections', [quick, slow], randomFrom(4))
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

describe.each(strategies)('%s', (strategy) => {
  const fleet = fc.array(
    fc.record({
      weight: fc.integer({ min: 1, max: 20 }),
      cap: fc.option(fc.integer({ min: 0, max: 4 }), { nil: Number.POSITIVE_INFINITY }),
      isDraining: fc.boolean(),
      isHealthy: fc.boolean(),
      isTried: fc.boolean(),
    }),
    { maxLength: 8 },
  )
  // true: a call begins; false: the oldest one ends
  const steps = fc.array(fc.boolean(), { maxLength: 60 })

  test('never exceeds a cap, never chooses a draining, unavailable or tried target, and says truly why there is none', () => {
    fc.assert(
      fc.property(fleet, steps, fc.integer(), (specs, calls, seed) => {
        const targets = specs.map(({ weight, cap, isDraining, isHealthy }, i) =>
          Object.assign(target(`t${i}`, { weight, maxConnections: cap }), { isDraining, isHealthy }),
        )
        const tried = targets.filter((_, i) => specs[i]!.isTried)
        const candidates = targets.filter((t, i) => !t.isDraining && t.isHealthy && !specs[i]!.isTried)
        const choose = createChooser(strategy, targets, randomFrom(seed))
        const held: FakeTarget[] = []
        for (const begins of calls) {
          if (!begins) {
            held.shift()?.release()
            continue
          }
          const hasRoom = candidates.some((t) => t.inFlight() < t.maxConnections)
          const choice = choose(tried)
          if (typeof choice === 'string') {
            expect(choice).toBe(candidates.length === 0 ? 'none' : 'busy')
            expect(hasRoom).toBe(false)
          } else {
            expect(candidates).toContain(choice)
            held.push(choice as FakeTarget)
          }
        }
        for (const t of targets) expect(t.peak).toBeLessThanOrEqual(t.maxConnections)
        expect(targets.reduce((sum, t) => sum + t.inFlight(), 0)).toBe(held.length)
      }),
      { numRuns: 200 },
    )
  })

  test('turns to the next best when another thread takes the last slot first', () => {
    const snatched = Object.assign(target('a', { weight: 100, maxConnections: 1 }), {
      tryAcquire: () => undefined,
    })
    const choose = createChooser(strategy, [snatched, target('b')], () => 0)
    expect(chosen(choose).id).toBe('b')
    expect(createChooser(strategy, [snatched], () => 0)([])).toBe('busy')
  })

  test('leaves out a target that was tried by its stand-in', () => {
    const [a, b] = [target('a'), target('b')]
    const choose = createChooser(strategy, [a, b], () => 0)
    for (let i = 0; i < 10; i++) expect(chosen(choose, [{ ...a }])).toBe(b)
  })

  test('takes in at once that a target is drained', () => {
    const [a, b] = [target('a'), target('b')]
    const choose = createChooser(strategy, [a, b], () => 0)
    a.isDraining = true
    for (let i = 0; i < 10; i++) expect(chosen(choose)).toBe(b)
    b.isDraining = true
    expect(choose([])).toBe('none')
  })
})

describe('balance', () => {
  const upstream = (choose: Chooser): UpstreamView => ({
    id: 'ups_1',
    name: 'bank',
    strategy: 'round-robin',
    targets: [],
    choose,
  })
  const reach = (choose: Chooser) => {
    const x = exchange({}, { upstream: upstream(choose) })
    compile(balance).onUpstream!(x)
    return x
  }

  test('sets the target of the attempt, leaving out those that failed before', () => {
    const [a, b] = [target('a'), target('b')]
    const x = exchange({}, { upstream: upstream(createChooser('round-robin', [a, b])), tried: [a] })
    compile(balance).onUpstream!(x)
    expect(x.target).toBe(b)
  })

  test('says busy when all are at their cap, and when to come back', () => {
    expect(() => reach(() => 'busy')).toThrow(
      expect.objectContaining({ code: 'upstream-busy', retryAfterSeconds: 1 }),
    )
  })

  test('says unavailable when there is nobody to ask', () => {
    expect(() => reach(() => 'none')).toThrow(expect.objectContaining({ code: 'upstream-unavailable' }))
    expect(() => compile(balance).onUpstream!(exchange())).toThrow(
      expect.objectContaining({ code: 'upstream-unavailable' }),
    )
  })
})
