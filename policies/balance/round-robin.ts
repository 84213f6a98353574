import type { Strategy } from './strategy.ts'

/**
 * Smooth weighted round robin, as nginx does it: every round each target gains its weight, the richest is taken and
 * pays the sum. Weights 5:1:1 give a a b a c a a, not five in a row.
 */
export const roundRobin: Strategy = (targets) => {
  const credit = new Float64Array(targets.length)
  return (isOpen) => {
    let total = 0
    let best = -1
    for (let i = 0; i < targets.length; i++) {
      if (isOpen[i] === 0) continue
      const { weight } = targets[i]!
      credit[i]! += weight
      total += weight
      if (best < 0 || credit[i]! > credit[best]!) best = i
    }
    credit[best]! -= total
    return best
  }
}
