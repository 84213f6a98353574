import type { BalanceStrategy } from '../../registry/model.ts'
import type { Chooser, TargetView } from '../policy.ts'
import { leastConnections } from './least-connections.ts'
import { roundRobin } from './round-robin.ts'
import type { Strategy } from './strategy.ts'
import { weighted } from './weighted.ts'

const strategies: Record<BalanceStrategy, Strategy> = {
  'round-robin': roundRobin,
  weighted,
  'least-connections': leastConnections,
}

/**
 * A chooser over these targets. Draining, health and counts are read at every choice, weights too; the list itself is fixed.
 * @param random from 0 to below 1
 */
export function createChooser(
  strategy: BalanceStrategy,
  targets: readonly TargetView[],
  random: () => number = Math.random,
): Chooser {
  const pick = strategies[strategy](targets, random)
  const isOpen = new Uint8Array(targets.length)

  return (tried) => {
    let candidates = 0
    let open = 0
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i]!
      isOpen[i] = 0
      if (target.isDraining || !target.isAvailable() || wasTried(target, tried)) continue
      candidates++
      if (target.inFlight() >= target.maxConnections) continue
      isOpen[i] = 1
      open++
    }
    if (candidates === 0) return 'none'
    for (; open > 0; open--) {
      const i = pick(isOpen)
      // Another thread may have taken the last slot since it was looked at: only tryAcquire is exact.
      const taken = targets[i]!.tryAcquire()
      if (taken) return taken
      isOpen[i] = 0
    }
    return 'busy'
  }
}

/** By id: what was tried may have been the stand-in of a target on trial. */
function wasTried({ id }: TargetView, tried: readonly TargetView[]): boolean {
  for (let i = 0; i < tried.length; i++) if (tried[i]!.id === id) return true
  return false
}
