import type { LimitClaim } from '../registry/limits.ts'
import { lengthSeconds } from '../registry/periods.ts'

/** How much a gateway takes ahead of its calls. Pure arithmetic; the promise that follows from it is in docs/decisions. */
export interface LeaseSize {
  /** Most tokens of a lease while much of the limit is free, */
  readonly far: number
  /** and while less than half of it is. 0: none. */
  readonly near: number
  /** How long a lease may be spent. */
  readonly lifeMs: number
}

const none: LeaseSize = { far: 0, near: 0, lifeMs: 0 }

/** More does not fit the memory that the threads share. */
export const maxLease = 4_000_000
const maxLifeMs = 1_000
/** Shorter ones would be over before they were spent. */
const minLifeMs = 10
const nearMs = 50
/** Of a limit that gives no more to each gateway, far is as near: exact to the last call, at a question for each. */
const leastFar = 50

/** @param nodes gateways alive */
export function leaseSize(claim: LimitClaim, nodes: number): LeaseSize {
  if (claim.cost !== 1) return none
  const { limit } = claim
  const share = Math.min(maxLease, Math.floor(limit / (10 * Math.max(1, nodes))))
  if (claim.kind === 'flight') return sized(share, share, maxLifeMs)
  if (claim.kind === 'calendar') {
    const lengthMs = lengthSeconds(claim.period) * 1000
    return sized(share, Math.min(share, (limit / lengthMs) * nearMs), Math.min(maxLifeMs, lengthMs / 10))
  }
  const { windowMs } = claim
  const near = Math.min(share, (limit / windowMs) * nearMs)
  if (claim.kind === 'window') return sized(share, near, Math.min(maxLifeMs, windowMs / 10))
  // Of a burst that is soon used up little can be held ahead.
  const most = claim.burst / (4 * Math.max(1, nodes))
  const burstMs = (claim.burst * windowMs) / limit
  return sized(Math.min(share, most), Math.min(near, most), Math.min(maxLifeMs, windowMs / 10, burstMs / 4))
}

function sized(far: number, near: number, lifeMs: number): LeaseSize {
  const most = far < leastFar ? Math.min(far, near) : far
  if (most < 2 || lifeMs < minLifeMs) return none
  return { far: Math.floor(most), near: near < 2 ? 0 : Math.floor(near), lifeMs: Math.floor(lifeMs) }
}

/**
 * How much a key asked for lately: doubled (at first times four) while its leases are spent before half of their life is over, and back to
 * nothing for one that is rarely called, which then costs its one question and no lease.
 */
export function nextDemand(demand: number, calls: number, sinceMs: number, lifeMs: number): number {
  if (sinceMs >= 2 * lifeMs) return Math.max(1, calls)
  if (sinceMs >= lifeMs / 2) return Math.max(demand, calls)
  return Math.min(maxLease, Math.max((demand < 32 ? 4 : 2) * demand, calls))
}
