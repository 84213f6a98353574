import type { LimitAnswer } from '../policies/policy.ts'
import { lengthSeconds } from '../registry/periods.ts'
import type { Local } from './lease-locals.ts'
import type { LeaseView } from './lease-memory.ts'

/** How a limit is kept while the store is away. */

export const uncounted: LimitAnswer = {
  isAllowed: true,
  isCounted: false,
  remaining: 0,
  retryAfterMs: 0,
  resetMs: 0,
}

/**
 * A part of the limit, counted by this gateway for itself. A call in flight it lets pass is to be landed.
 * @returns undefined when nobody knows how many gateways there are
 */
export function shareOf(memory: LeaseView, { claim, slot }: Local, now: number): LimitAnswer | undefined {
  const nodes = memory.nodes()
  if (nodes === 0 || !slot) return undefined
  const part = Math.floor(claim.limit / nodes)
  if (claim.kind === 'flight') return said(memory.takeOff(slot, part) ? 0 : 1_000)
  if (part < 1) return said(1_000)
  const burst = claim.kind === 'spread' ? Math.max(1, Math.floor(claim.burst / nodes)) : part
  const windowMs = claim.kind === 'calendar' ? lengthSeconds(claim.period) * 1000 : claim.windowMs
  return said(memory.share(slot, (windowMs / part) * claim.cost, burst, now))
}

const said = (waitMs: number): LimitAnswer => ({
  isAllowed: waitMs === 0,
  isCounted: true,
  remaining: 0,
  retryAfterMs: waitMs,
  resetMs: waitMs,
})
