import { guarded } from './redis.ts'
import type { Registry } from './store.ts'

export interface Take {
  /** Whose limit: a partner’s id (all limits of a partner share a slot) or an address. */
  readonly owner: string
  /** Which limit of that owner; stable over revisions. */
  readonly rule: string
  /** Calls, or whatever `cost` counts. */
  readonly limit: number
  readonly windowMs: number
  /**
   * With it GCRA: spread evenly, at most `burst` at once, and at most `limit + burst` in any window. Without it: at
   * most `limit` in any window, all at once allowed.
   */
  readonly burst?: number
  readonly cost: number
}

export interface Taken {
  readonly isAllowed: boolean
  readonly remaining: number
  /** Until a refused call may be tried again; 0 when allowed. */
  readonly retryAfterMs: number
  /** Until the limit is whole again. */
  readonly resetMs: number
}

/**
 * Takes from one limit, all or nothing, in one call and on the clock of Redis. A refused call costs nothing. The
 * state expires by itself when the limit is whole again.
 *
 * @throws Problem `store-unavailable`; then it may or may not have been counted
 */
export async function takeTokens(r: Registry, take: Take): Promise<Taken> {
  // The two ways keep different state, so that a limit may change from one to the other.
  const key = r.keys.limit(
    take.owner,
    take.burst === undefined ? `${take.rule}:window` : `${take.rule}:spread`,
  )
  const [isAllowed, remaining, retryAfterMs, resetMs] = await guarded(
    r.redis.takeFromLimit(1, key, take.limit, take.windowMs, take.cost, take.burst ?? ''),
  )
  return { isAllowed: isAllowed === 1, remaining, retryAfterMs, resetMs }
}
