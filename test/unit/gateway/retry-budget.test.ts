import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createSharedHealth, openHealth } from '../../../gateway/health-cells.ts'
import { createRetryBudget, type RetryCause, type RetryOutcome } from '../../../gateway/retry-budget.ts'

/** One upstream on a clock of our own, seen by two threads. */
function start(budgetPercent: number, minimumPerSecond: number, begunMs = 0) {
  let now = begunMs
  const shared = createSharedHealth(0)
  const outcomes: RetryOutcome[] = []
  const threads = [0, 1].map(() =>
    createRetryBudget({
      health: openHealth(shared, () => now),
      slot: 3,
      settings: { budgetPercent, minimumPerSecond },
      observe: (outcome) => outcomes.push(outcome),
    }),
  )
  return {
    outcomes,
    now: () => now,
    wait: (seconds: number) => {
      now += seconds * 1_000
    },
    calls(count: number, thread = 0) {
      for (let i = 0; i < count; i++) threads[thread]!.countCall()
    },
    /** @returns how many of so many were allowed */
    takes(count: number, thread = 0, cause: RetryCause = 'failed') {
      let taken = 0
      for (let i = 0; i < count; i++) if (threads[thread]!.take(cause)) taken++
      return taken
    },
    forget: () => openHealth(shared, () => now).reset(3),
  }
}

describe('the retry budget', () => {
  test('is a share of the calls of all threads', () => {
    const budget = start(20, 0)
    expect(budget.takes(5)).toBe(0)
    budget.calls(60, 0)
    budget.calls(40, 1)
    expect(budget.takes(15, 0) + budget.takes(15, 1)).toBe(20)
    expect(budget.takes(5)).toBe(0)
  })

  test('has some that are free, so that few calls do not mean none', () => {
    const budget = start(20, 2)
    budget.calls(1)
    expect(budget.takes(100)).toBe(20)
  })

  test('is none where the settings say 0', () => {
    const budget = start(0, 0)
    budget.calls(1_000)
    expect(budget.takes(10)).toBe(0)
  })

  test('does not count what was never sent', () => {
    const budget = start(10, 0)
    budget.calls(10)
    expect(budget.takes(50, 0, 'unsent')).toBe(50)
    expect(budget.takes(2, 0, 'answered')).toBe(1)
    expect(budget.outcomes.slice(-2)).toEqual(['answered', 'over-budget'])
    expect(budget.outcomes.slice(0, 50)).toEqual(Array(50).fill('unsent'))
  })

  test('slides: what is ten seconds old counts, what is twelve does not', () => {
    const budget = start(20, 0)
    budget.calls(100)
    expect(budget.takes(100)).toBe(20)
    budget.wait(9.9)
    expect(budget.takes(1)).toBe(0)
    budget.wait(2.1)
    expect(budget.takes(1)).toBe(0) // the calls are forgotten, too
    budget.calls(5)
    expect(budget.takes(5)).toBe(1)
  })

  test('begins anew for another upstream, also within the first seconds of a process', () => {
    const budget = start(0, 1)
    expect(budget.takes(20)).toBe(10)
    budget.forget()
    expect(budget.takes(20)).toBe(10)
  })

  test('whatever happens, is neither exceeded nor withheld', () => {
    const step = fc.oneof(
      fc.record({ does: fc.constant('wait' as const), n: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ does: fc.constant('calls' as const), n: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ does: fc.constant('takes' as const), n: fc.integer({ min: 1, max: 40 }) }),
    )
    const percents = fc.integer({ min: 0, max: 100 })
    const free = fc.integer({ min: 0, max: 3 })
    const begun = fc.integer({ min: 0, max: 100_000 })
    fc.assert(
      fc.property(percents, free, begun, fc.array(step, { maxLength: 60 }), (percent, minimum, at, steps) => {
        const budget = start(percent, minimum, at)
        const calls: number[] = []
        const retries: number[] = []
        const within = (times: number[], seconds: number) =>
          times.filter((time) => time > budget.now() - seconds * 1_000).length
        for (const [i, { does, n }] of steps.entries()) {
          if (does === 'wait') budget.wait(n / 5)
          else if (does === 'calls') {
            budget.calls(n, i % 2)
            calls.push(...Array(n).fill(budget.now()))
          } else
            for (let k = 0; k < n; k++) {
              const bound = (inCalls: number) => (inCalls * percent) / 100 + minimum * 10
              const isTaken = budget.takes(1, k % 2) === 1
              if (isTaken) retries.push(budget.now())
              // In ten seconds no more than the calls of twelve allow; in twelve no less than those of ten.
              if (isTaken) expect(within(retries, 10)).toBeLessThanOrEqual(bound(within(calls, 12)))
              else expect(within(retries, 12) + 1).toBeGreaterThan(bound(within(calls, 10)))
            }
        }
      }),
    )
  })
})
