import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Long work in stretches, between which the loop serves calls. `await` what it gives, where it gives anything: the
 * stretch is over.
 */
export type Turns = () => Promise<void> | undefined

/** ms. Calls wait for at most one stretch, and what one step of the work takes beyond it. */
const stretchMs = 2

export function createTurns(now: () => number = () => performance.now()): Turns {
  let startedAt = now()
  return () => {
    if (now() - startedAt < stretchMs) return undefined
    return nextTurn().then(() => {
      startedAt = now()
    })
  }
}
