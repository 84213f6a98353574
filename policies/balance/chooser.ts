import type { BalanceStrategy, UpstreamInput } from '../../registry/model.ts'
import type { Chooser, TargetView } from '../policy.ts'
import { hash } from './hash.ts'
import { leastConnections } from './least-connections.ts'
import { leastTime } from './least-time.ts'
import { roundRobin } from './round-robin.ts'
import type { Strategy } from './strategy.ts'
import { weighted } from './weighted.ts'

const strategies: Record<BalanceStrategy, Strategy> = {
  'round-robin': roundRobin,
  weighted,
  'least-connections': leastConnections,
  'least-time': leastTime,
  hash,
}

export type BalanceSettings = Pick<UpstreamInput, 'strategy' | 'hashOn' | 'panicPercent'>

/**
 * A chooser over these targets. Draining, health, counts and weights are read at every choice; the list itself is fixed.
 * @param random from 0 to below 1
 */
export function createChooser(
  { strategy, hashOn, panicPercent }: BalanceSettings,
  targets: readonly TargetView[],
  random: () => number = Math.random,
): Chooser {
  const isOpen = new Uint8Array(targets.length)
  const weights = new Float64Array(targets.length)
  const caps = Float64Array.from(targets, (target) => target.maxConnections)
  const pick = strategies[strategy]({ targets, isOpen, weights }, random, hashOn)

  /** Marks the available ones. @returns whether too few of those that serve are */
  function markAvailable(): boolean {
    let serving = 0
    let available = 0
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i]!
      isOpen[i] = 0
      if (target.isDraining) continue
      serving++
      if (!target.isAvailable()) continue
      available++
      isOpen[i] = 1
    }
    return available * 100 < panicPercent * serving
  }

  return (x) => {
    // Few that are left would break down under the calls meant for all: then better all, the sick ones included.
    const anyway = markAvailable()
    const isRetry = x.tried.length > 0
    let candidates = 0
    let open = 0
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i]!
      const isCandidate = anyway ? !target.isDraining && !target.isBarred() : isOpen[i] === 1
      isOpen[i] = 0
      if (!isCandidate || (isRetry && wasTried(target, x.tried))) continue
      candidates++
      if (caps[i] !== unbounded && target.inFlight() >= caps[i]!) continue
      isOpen[i] = 1
      weights[i] = target.weight * target.weightFactor()
      open++
    }
    if (candidates === 0) return 'none'
    for (; open > 0; open--) {
      const i = pick(x)
      // Another thread may have taken the last slot since it was looked at: only tryAcquire is exact.
      const taken = targets[i]!.tryAcquire(anyway)
      if (taken) return taken
      isOpen[i] = 0
    }
    return 'busy'
  }
}

const unbounded = Number.POSITIVE_INFINITY

/** By id: what was tried may have been the stand-in of a target on trial. */
function wasTried({ id }: TargetView, tried: readonly TargetView[]): boolean {
  for (let i = 0; i < tried.length; i++) if (tried[i]!.id === id) return true
  return false
}
