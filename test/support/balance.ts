import type { BalanceSettings } from '../../policies/balance/index.ts'
import type { Chooser, TargetView } from '../../policies/policy.ts'
import type { BalanceStrategy } from '../../registry/model.ts'
import { exchange, type FakeTarget } from './policy-run.ts'

/** A repeatable source of numbers from 0 to below 1 (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

export const settings = (
  strategy: BalanceStrategy,
  more: Partial<BalanceSettings> = {},
): BalanceSettings => ({
  strategy,
  hashOn: { by: 'address' },
  panicPercent: 0,
  ...more,
})
export const call = (tried: TargetView[] = []) => exchange({}, { tried })
export const chosen = (choose: Chooser, tried?: TargetView[]) => choose(call(tried)) as FakeTarget
