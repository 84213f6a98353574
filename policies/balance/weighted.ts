import type { Strategy } from './strategy.ts'

/** At random, by weight. Needs no memory, so threads and gateways cannot fall into step. */
export const weighted: Strategy =
  ({ isOpen, weights }, random) =>
  () => {
    let total = 0
    for (let i = 0; i < isOpen.length; i++) if (isOpen[i] !== 0) total += weights[i]!
    let left = random() * total
    let last = -1
    for (let i = 0; i < isOpen.length; i++) {
      if (isOpen[i] === 0) continue
      last = i
      left -= weights[i]!
      if (left < 0) break
    }
    return last
  }
