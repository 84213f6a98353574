import type { LimitClaim } from '../policies/policy.ts'
import type { Slot } from './lease-cells.ts'
import type { LeaseView } from './lease-memory.ts'

/** A limit as a thread knows it. */
export interface Local {
  /** The newest config of it. */
  claim: LimitClaim
  readonly key: string
  /** Where it is in memory; undefined when there is no room. */
  slot: Slot | undefined
  /** When this thread saw it used last, ms. */
  usedAt: number
}

export interface Locals {
  of(claim: LimitClaim, now: number): Local
  /** Those of calls in flight. */
  readonly flights: ReadonlySet<Local>
}

/** Keys whose slot a thread remembers; then it looks them up anew. */
const maxKnown = 50_000

export function createLocals(memory: LeaseView): Locals {
  const known = new Map<string, Local>()
  const ofClaim = new WeakMap<LimitClaim, Local>()
  const flights = new Set<Local>()

  function find(claim: LimitClaim, now: number): Local {
    const way = claim.kind === 'calendar' ? claim.period.unit : claim.kind
    const key = `${claim.owner} ${claim.rule} ${way} ${claim.cost} ${claim.isObserved}`
    let local = known.get(key)
    if (!local) {
      if (known.size >= maxKnown) forgetUnused()
      local = { claim, key, slot: memory.find(key), usedAt: now }
      known.set(key, local)
      if (claim.kind === 'flight') flights.add(local)
    }
    // Whoever was given more need not wait until the old limit is free again.
    if (local.claim.limit !== claim.limit && local.slot) memory.unblock(local.slot)
    local.claim = claim
    return local
  }

  /** Calls in flight must stay known to whoever holds them. */
  function forgetUnused() {
    known.clear()
    for (const local of flights) {
      if (local.slot && memory.held(local.slot) > 0) known.set(local.key, local)
      else flights.delete(local)
    }
  }

  return {
    flights,
    of(claim, now) {
      let local = ofClaim.get(claim)
      if (!local) {
        local = find(claim, now)
        ofClaim.set(claim, local)
      }
      local.usedAt = now
      if (local.slot && !memory.isStill(local.slot)) local.slot = undefined
      local.slot ??= memory.find(local.key)
      if (local.slot) memory.touch(local.slot, now)
      return local
    },
  }
}
