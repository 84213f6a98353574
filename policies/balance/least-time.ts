import type { TargetView } from '../policy.ts'
import type { Strategy } from './strategy.ts'

/**
 * Of two targets drawn at random, the one that would answer sooner: mean time to the head of its answers, times the
 * calls in flight with this one, by weight. Of two, not of all: else every thread and gateway would send its next call
 * to the same one, until that is the slow one. The means fade while a target is not asked (decaying-mean.ts), so a slow
 * one is tried again. One that has not answered yet counts as an average one.
 */
export const leastTime: Strategy = ({ targets, isOpen, weights }, random) => {
  const score = (i: number) => {
    const target = targets[i]!
    return ((target.headMs() ?? averageMs(targets)) * (target.inFlight() + 1)) / weights[i]!
  }
  /** The place of the n-th open target, from 0. */
  const nth = (n: number) => {
    let left = n
    for (let i = 0; i < isOpen.length; i++) if (isOpen[i] !== 0 && left-- === 0) return i
    return -1
  }
  return () => {
    let open = 0
    for (let i = 0; i < isOpen.length; i++) open += isOpen[i]!
    const first = Math.floor(random() * open)
    if (open === 1) return nth(first)
    const other = Math.floor(random() * (open - 1))
    const [a, b] = [nth(first), nth(other < first ? other : other + 1)]
    return score(b) < score(a) ? b : a
  }
}

function averageMs(targets: readonly TargetView[]): number {
  let sum = 0
  let known = 0
  for (const target of targets) {
    const ms = target.headMs()
    if (ms === undefined) continue
    sum += ms
    known++
  }
  return known === 0 ? 1 : sum / known
}
