import { describe, expect, test } from '@jest/globals'
import { type Pace, patienceLeft } from '../../../gateway/pace.ts'

/** Lets a partner move so many bytes every so many ms. @returns after how many ms its time is used up; at most an hour */
function lasts(bytes: number, everyMs: number, pace: Pace): number {
  let leftMs = pace.idleMs
  for (let at = everyMs; at <= 3_600_000; at += everyMs) {
    if (everyMs >= leftMs) return at - everyMs + leftMs
    leftMs = patienceLeft(leftMs, everyMs, bytes, pace)
  }
  return Number.POSITIVE_INFINITY
}

describe('the patience with a partner', () => {
  const pace = { idleMs: 30_000, leastBytesPerSecond: 200 }

  test('lasts for the longest silence, and hardly longer where a byte drips now and then', () => {
    expect(lasts(0, 1_000, pace)).toBe(30_000)
    expect(lasts(1, 1_000, pace)).toBeCloseTo(30_150, -2)
    expect(lasts(1, 29_000, pace)).toBeCloseTo(30_000, -2)
  })

  test('lasts longer the nearer the rate is to the least one, and for ever above it', () => {
    expect(lasts(100, 1_000, pace)).toBeCloseTo(60_000, -4)
    expect(lasts(200, 1_000, pace)).toBe(Number.POSITIVE_INFINITY)
    expect(lasts(5_000, 25_000, pace)).toBe(Number.POSITIVE_INFINITY)
  })

  test('does not save up what came fast for a silence later', () => {
    expect(patienceLeft(30_000, 1_000, 10_000_000, pace)).toBe(30_000)
  })

  test('begins anew with every byte where there is no least rate', () => {
    expect(lasts(1, 29_000, { ...pace, leastBytesPerSecond: 0 })).toBe(Number.POSITIVE_INFINITY)
    expect(lasts(0, 1_000, { ...pace, leastBytesPerSecond: 0 })).toBe(30_000)
  })
})
