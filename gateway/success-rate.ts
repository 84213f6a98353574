import type { SuccessRateRule } from '../registry/upstream-health.ts'

/** What the calls to one target came to within an interval. */
export interface Sample {
  readonly good: number
  readonly calls: number
}

/** @returns the indexes of those whose share of good answers lies far below what is usual among them */
export function outliersBySuccessRate(samples: readonly Sample[], rule: SuccessRateRule): number[] {
  const { minimumTargets, minimumCalls, deviations } = rule
  const counted = samples.flatMap(({ good, calls }, index) =>
    calls >= minimumCalls ? [{ index, rate: good / calls }] : [],
  )
  if (counted.length < minimumTargets) return []
  const mean = counted.reduce((sum, { rate }) => sum + rate, 0) / counted.length
  const variance = counted.reduce((sum, { rate }) => sum + (rate - mean) ** 2, 0) / counted.length
  const least = mean - deviations * Math.sqrt(variance)
  return counted.filter(({ rate }) => rate < least).map(({ index }) => index)
}
