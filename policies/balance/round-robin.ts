import type { Strategy } from './strategy.ts'

/**
 * Smooth weighted round robin, as nginx does it: every round each target gains its weight, the richest is taken and
 * pays the sum. Weights 5:1:1 give a a b a c a a, not five in a row.
 */
export const roundRobin: Strategy = ({ isOpen, weights }) => {
  const credit = new Float64Array(isOpen.length)
  return () => {
    let total = 0
    let best = -1
    for (let i = 0; i < isOpen.length; i++) {
      if (isOpen[i] === 0) continue
      const weight = weights[i]!
      credit[i]! += weight
      total += weight
      if (best < 0 || credit[i]! > credit[best]!) best = i
    }
    credit[best]! -= total
    return best
  }
}
