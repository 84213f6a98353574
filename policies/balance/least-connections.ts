import type { Strategy } from './strategy.ts'

/**
 * The least of (calls in flight + 1) / weight. The 1 is the call itself: among idle targets weight decides.
 * Ties are broken at random, or all threads would send their next call to the same first target.
 *
 * Calls that wait for room wait for the upstream, not for one of its targets: they would add the same to every target.
 */
export const leastConnections: Strategy =
  ({ targets, isOpen, weights }, random) =>
  () => {
    let best = -1
    let bestScore = Number.POSITIVE_INFINITY
    let ties = 0
    for (let i = 0; i < targets.length; i++) {
      if (isOpen[i] === 0) continue
      const score = (targets[i]!.inFlight() + 1) / weights[i]!
      if (score > bestScore) continue
      if (score < bestScore) {
        bestScore = score
        best = i
        ties = 1
      } else if (random() * ++ties < 1) best = i // the n-th of n equals wins with 1/n, so all are as likely
    }
    return best
  }
