import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { balance, createChooser } from '../../../policies/balance/index.ts'
import type { UpstreamView } from '../../../policies/policy.ts'
import { BalanceStrategy } from '../../../registry/model.ts'
import { call, chosen, randomFrom, settings } from '../../support/balance.ts'
import { compile, exchange, type FakeTarget, target } from '../../support/policy-run.ts'

const strategies = BalanceStrategy.options

describe('panic', () => {
  const choices = (targets: FakeTarget[], panicPercent: number) => {
    const choose = createChooser(settings('round-robin', { panicPercent }), targets)
    return new Set(
      Array.from({ length: 20 }, () => {
        const choice = choose(call())
        return typeof choice === 'string' ? choice : choice.id
      }),
    )
  }
  const fleet = (sick: number, well: number) =>
    Array.from({ length: sick + well }, (_, i) => Object.assign(target(`t${i}`), { isHealthy: i >= sick }))

  test('asks the sick ones, too, when less than the share is available', () => {
    expect(choices(fleet(1, 1), 50)).toEqual(new Set(['t1']))
    expect(choices(fleet(2, 1), 50)).toEqual(new Set(['t0', 't1', 't2']))
    expect(choices(fleet(2, 0), 50)).toEqual(new Set(['t0', 't1']))
    expect(choices(fleet(2, 0), 0)).toEqual(new Set(['none']))
    expect(choices(fleet(1, 9), 100).size).toBe(10)
  })

  test('counts those that drain on neither side, and never asks one whose breaker is open', () => {
    const targets = fleet(1, 2)
    targets[2]!.isDraining = true
    expect(choices(targets, 50)).toEqual(new Set(['t1']))
    targets[1]!.isBroken = true
    expect(choices(targets, 50)).toEqual(new Set(['t0']))
  })

  test('tells the target that it is asked anyway', () => {
    const anyways: (boolean | undefined)[] = []
    const sick = Object.assign(target('a'), { isHealthy: false })
    sick.tryAcquire = (anyway) => {
      anyways.push(anyway)
      return sick
    }
    createChooser(settings('round-robin', { panicPercent: 50 }), [sick])(call())
    expect(anyways).toEqual([true])
  })
})

describe('slow start', () => {
  test.each(['round-robin', 'weighted', 'least-connections', 'least-time'] as const)(
    'gives a target its share of its weight only (%s)',
    (strategy) => {
      const [warm, cold] = [target('warm'), Object.assign(target('cold'), { factor: 0.25 })]
      const choose = createChooser(settings(strategy), [warm, cold], randomFrom(7))
      for (let i = 0; i < 5_000; i++) choose(call())
      expect(Math.abs(cold.taken / 5_000 - 0.2)).toBeLessThan(0.02)
    },
  )

  test('moves keys to a target little by little (hash)', () => {
    const [warm, cold] = [target('warm'), target('cold')]
    const choose = createChooser(settings('hash'), [warm, cold])
    const colds = (factor: number) => {
      cold.factor = factor
      return Array.from({ length: 1_000 }, (_, n) => n).filter(
        (n) => choose(exchange({ ip: `::${n}` })) === cold,
      )
    }
    const [few, more, all] = [colds(0.1), colds(0.5), colds(1)]
    expect(few.length).toBeLessThan(more.length)
    expect(more.length).toBeLessThan(all.length)
    expect(all).toEqual(expect.arrayContaining(more))
    expect(more).toEqual(expect.arrayContaining(few))
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
        const choose = createChooser(settings(strategy), targets, randomFrom(seed))
        const held: FakeTarget[] = []
        for (const begins of calls) {
          if (!begins) {
            held.shift()?.release()
            continue
          }
          const hasRoom = candidates.some((t) => t.inFlight() < t.maxConnections)
          const choice = choose(call(tried))
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
    const choose = createChooser(settings(strategy), [snatched, target('b')], () => 0)
    expect(chosen(choose).id).toBe('b')
    expect(createChooser(settings(strategy), [snatched], () => 0)(call())).toBe('busy')
  })

  test('leaves out a target that was tried by its stand-in', () => {
    const [a, b] = [target('a'), target('b')]
    const choose = createChooser(settings(strategy), [a, b], () => 0)
    for (let i = 0; i < 10; i++) expect(chosen(choose, [{ ...a }])).toBe(b)
  })

  test('takes in at once that a target is drained', () => {
    const [a, b] = [target('a'), target('b')]
    const choose = createChooser(settings(strategy), [a, b], () => 0)
    a.isDraining = true
    for (let i = 0; i < 10; i++) expect(chosen(choose)).toBe(b)
    b.isDraining = true
    expect(choose(call())).toBe('none')
  })
})

describe('balance', () => {
  const upstream = (take: UpstreamView['take']): UpstreamView => ({
    id: 'ups_1',
    name: 'bank',
    strategy: 'round-robin',
    targets: [],
    take,
  })
  const asking = (take: UpstreamView['take']) => {
    const x = exchange({}, { upstream: upstream(take) })
    return { x, outcome: () => compile(balance).onUpstream!(x) }
  }
  const busy = { retryAfterSeconds: 7 }
  const isBusy = expect.objectContaining({ code: 'upstream-busy', retryAfterSeconds: 7 })

  test('sets the target of the attempt, at once where there is room', () => {
    const a = target('a')
    const { x, outcome } = asking(() => a)
    expect(outcome()).toBeUndefined()
    expect(x.target).toBe(a)
  })

  test('waits where it is told to', async () => {
    const a = target('a')
    const { x, outcome } = asking(async () => a)
    await outcome()
    expect(x.target).toBe(a)
    await expect(asking(async () => busy).outcome()).rejects.toEqual(isBusy)
  })

  test('says busy when all are at their cap, and when to come back', () => {
    expect(asking(() => busy).outcome).toThrow(isBusy)
  })

  test('says unavailable when there is nobody to ask', () => {
    const isUnavailable = expect.objectContaining({ code: 'upstream-unavailable' })
    expect(asking(() => 'none').outcome).toThrow(isUnavailable)
    expect(() => compile(balance).onUpstream!(exchange())).toThrow(isUnavailable)
  })
})
