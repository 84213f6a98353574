import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { outliersBySuccessRate } from '../../../gateway/success-rate.ts'
import { SuccessRateRule } from '../../../registry/upstream-health.ts'

const rule = SuccessRateRule.parse({})
const samples = (...shares: number[]) => shares.map((share) => ({ good: share * 1_000, calls: 1_000 }))

describe('success rate', () => {
  test('the one far below the others is found', () => {
    expect(outliersBySuccessRate(samples(1, 0.99, 0.98, 0.5, 1), rule)).toEqual([3])
  })

  test('where all fail alike nobody is', () => {
    expect(outliersBySuccessRate(samples(0.4, 0.4, 0.4, 0.4, 0.4), rule)).toEqual([])
    expect(outliersBySuccessRate(samples(0.5, 0.45, 0.4, 0.42, 0.48), rule)).toEqual([])
  })

  test('too few targets, or too few calls, say nothing', () => {
    expect(outliersBySuccessRate(samples(1, 1, 1, 0), rule)).toEqual([])
    const few = samples(1, 1, 1, 1).concat({ good: 0, calls: 99 })
    expect(outliersBySuccessRate(few, rule)).toEqual([])
    expect(outliersBySuccessRate(samples(1, 1, 1, 1).concat({ good: 0, calls: 100 }), rule)).toEqual([4])
  })

  test('never all of them, and never the best', () => {
    const sample = fc.record({ bad: fc.nat({ max: 1_000 }), calls: fc.integer({ min: 1_000, max: 2_000 }) })
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 30 }), (given) => {
        const all = given.map(({ bad, calls }) => ({ good: calls - bad, calls }))
        const found = outliersBySuccessRate(all, rule)
        const rates = all.map(({ good, calls }) => good / calls)
        const best = rates.indexOf(Math.max(...rates))
        expect(found).not.toContain(best)
      }),
    )
  })
})
