import type { Strategy } from './strategy.ts'

/** At random, by weight. Needs no memory, so threads and gateways cannot fall into step. */
export const weighted: Strategy = (targets, random) => (isOpen) => {
  let total = 0
  for (let i = 0; i < targets.length; i++) if (isOpen[i] !== 0) total += targets[i]!.weight
  let left = random() * total
  let last = -1
  for (let i = 0; i < targets.length; i++) {
    if (isOpen[i] === 0) continue
    last = i
    left -= targets[i]!.weight
    if (left < 0) break
  }
  return last
}
