import { boundsAt, type Period } from './periods.ts'
import { guarded, isCluster } from './redis.ts'
import type { Registry } from './store.ts'

/** What a call wants to take from one limit. */
export type LimitClaim = WindowClaim | SpreadClaim | CalendarClaim | FlightClaim

interface ClaimBase {
  /** Whose limit: a partner’s id (all limits of a partner share a slot) or an address. */
  readonly owner: string
  /** Which limit of that owner; stable over revisions. */
  readonly rule: string
  /** Calls, or whatever `cost` counts. */
  readonly limit: number
  /** With 0 it only tells what is left. */
  readonly cost: number
  /** Counts as long as there is room, and never refuses. */
  readonly isObserved: boolean
}
/** At most `limit` in any window, wherever it begins; all at once allowed. */
export interface WindowClaim extends ClaimBase {
  readonly kind: 'window'
  readonly windowMs: number
}
/** GCRA: spread evenly, at most `burst` at once, and at most `limit + burst` in any window. */
export interface SpreadClaim extends ClaimBase {
  readonly kind: 'spread'
  readonly windowMs: number
  readonly burst: number
}
/** At most `limit` in each period. */
export interface CalendarClaim extends ClaimBase {
  readonly kind: 'calendar'
  readonly period: Period
}
/** At most `limit` at the same time: what was taken is given back. */
export interface FlightClaim extends ClaimBase {
  readonly kind: 'flight'
}

/** A claim, and what the gateway would like to have beside it for the calls that come next: a lease. */
export interface Wanted {
  readonly claim: LimitClaim
  /** Of a lease: given where every gateway could still have as much, */
  readonly near: number
  /** and where half of the limit stays free. 0: none. */
  readonly far: number
  /** How long it may be spent. */
  readonly lifeMs: number
}

export interface TakeRequest {
  readonly wanted: readonly Wanted[]
  /** Calls that wait, each with all these claims; 0: only the leases are wanted. */
  readonly calls: number
  /** Gateways alive. */
  readonly nodes: number
  /** Who holds calls in flight, and for how long after a sign of life. */
  readonly holder: string
  readonly heldMs: number
}

export interface Taken {
  /** How many of the calls were let through: as many as all limits that are enforced have room for. */
  readonly calls: number
  /** In the order of the claims. */
  readonly of: readonly TakenOf[]
}
export interface TakenOf {
  /** Calls counted. Of an observed limit it may be fewer than were let through. */
  readonly counted: number
  readonly lease: number
  readonly remaining: number
  /** Until one more call than were counted may be tried; 0: this limit refuses none. */
  readonly retryAfterMs: number
  /** Until the limit is whole again. */
  readonly resetMs: number
  /** By which a lease is given back; for calls in flight: all that the holder has. */
  readonly stamp: number
}

/**
 * Takes from all limits of a call, all or none, on the clock of Redis. A refused call costs nothing. State expires by
 * itself when a limit is whole again.
 *
 * It is one command, but for claims of several owners on Redis Cluster: they have slots of their own, so there it is one
 * command each, and what the first ones gave is given back when a later one refuses.
 *
 * @throws Problem `store-unavailable`; then it may or may not have been counted
 */
export async function takeLimits(r: Registry, request: TakeRequest): Promise<Taken> {
  const groups = isCluster(r.redis) ? byOwner(request.wanted) : [request.wanted]
  if (groups.length === 1) return takeTogether(r, request)
  const of = new Map<Wanted, TakenOf>()
  let { calls } = request
  for (const wanted of groups) {
    const taken = await takeTogether(r, { ...request, wanted, calls })
    for (const [i, each] of taken.of.entries()) of.set(wanted[i]!, each)
    calls = taken.calls
    if (request.calls > 0 && calls === 0) break
  }
  const unused: GivenBack[] = []
  for (const [{ claim }, { counted, stamp }] of of)
    if (counted > calls) unused.push({ claim, amount: (counted - calls) * claim.cost, stamp })
  await giveBack(r, unused, request.holder)
  const untouched: TakenOf = { counted: 0, lease: 0, remaining: 0, retryAfterMs: 0, resetMs: 0, stamp: 0 }
  return {
    calls,
    of: request.wanted.map((wanted) => {
      const each = of.get(wanted) ?? untouched
      return { ...each, counted: Math.min(each.counted, calls) }
    }),
  }
}

async function takeTogether(r: Registry, { wanted, calls, nodes, holder, heldMs }: TakeRequest) {
  const values: (string | number)[] = [calls, nodes, holder, heldMs]
  const now = r.now()
  for (const { claim, near, far, lifeMs } of wanted)
    values.push(
      letters[claim.kind],
      claim.isObserved ? 1 : 0,
      claim.limit,
      claim.cost,
      near,
      far,
      lifeMs,
      ...shapeOf(claim, now),
    )
  const keys = wanted.map(({ claim }) => keyOf(r, claim))
  const [, letThrough, ...rest] = await guarded(r.redis.takeLimits(keys.length, ...keys, ...values))
  const of = wanted.map((_, i) => {
    const [counted, lease, remaining, retryAfterMs, resetMs, stamp] = rest.slice(i * 6, i * 6 + 6) as Six
    return { counted, lease, remaining, retryAfterMs, resetMs, stamp }
  })
  return { calls: letThrough!, of }
}
type Six = [number, number, number, number, number, number]

export interface GivenBack {
  readonly claim: LimitClaim
  readonly amount: number
  /** Of the answer that gave it. */
  readonly stamp: number
}

/** Gives back what was taken and not spent. @throws Problem `store-unavailable`; then it may or may not be back */
export async function giveBack(r: Registry, all: readonly GivenBack[], holder: string): Promise<void> {
  if (all.length === 0) return
  const groups = isCluster(r.redis) ? all.map((one) => [one]) : [all]
  await Promise.all(
    groups.map((group) => {
      const keys = group.map(({ claim }) => keyOf(r, claim))
      const values = group.flatMap(({ claim, amount, stamp }) => [
        letters[claim.kind],
        amount,
        stamp,
        claim.kind === 'spread' ? (claim.windowMs * 1000) / claim.limit : 0,
      ])
      return guarded(r.redis.giveBackLimits(keys.length, ...keys, holder, ...values))
    }),
  )
}

export interface Take {
  readonly owner: string
  readonly rule: string
  readonly limit: number
  readonly windowMs: number
  /** With it GCRA. */
  readonly burst?: number
  readonly cost: number
}

export interface TokensTaken {
  readonly isAllowed: boolean
  readonly remaining: number
  /** Until a refused call may be tried again; 0 when allowed. */
  readonly retryAfterMs: number
  /** Until the limit is whole again. */
  readonly resetMs: number
  /** By which it is given back. */
  readonly stamp?: number
}

/** One take from one limit. @throws Problem `store-unavailable`; then it may or may not have been counted */
export async function takeTokens(r: Registry, take: Take): Promise<TokensTaken> {
  const wanted = [{ claim: claimOf(take), near: 0, far: 0, lifeMs: 0 }]
  const { calls, of } = await takeLimits(r, { wanted, calls: 1, nodes: 1, holder: '', heldMs: 0 })
  const { remaining, retryAfterMs, resetMs, stamp } = of[0]!
  return { isAllowed: calls === 1, remaining, retryAfterMs, resetMs, stamp }
}

/** What was taken counts no more. @throws Problem `store-unavailable` */
export async function returnTokens(r: Registry, take: Take, { stamp }: TokensTaken): Promise<void> {
  if (stamp !== undefined) await giveBack(r, [{ claim: claimOf(take), amount: take.cost, stamp }], '')
}

/** Makes a limit whole again. @throws Problem `store-unavailable` */
export async function clearTokens(r: Registry, take: Take): Promise<void> {
  await guarded(r.redis.del(keyOf(r, claimOf(take))))
}

function claimOf({ burst, ...take }: Take): LimitClaim {
  if (burst === undefined) return { ...take, kind: 'window', isObserved: false }
  return { ...take, kind: 'spread', burst, isObserved: false }
}

const letters = { window: 'w', spread: 's', calendar: 'c', flight: 'f' } as const

function shapeOf(claim: LimitClaim, now: number): readonly [number, number, number] {
  if (claim.kind === 'window') return [claim.windowMs, 0, 0]
  if (claim.kind === 'spread') return [claim.windowMs, claim.burst, 0]
  // Redis' clock may be in the period before or after: it decides which of them it is.
  return claim.kind === 'calendar' ? boundsAt(claim.period, now) : [0, 0, 0]
}

/** Each way of counting keeps a state of its own, so that a limit may change from one to another. */
function keyOf(r: Registry, claim: LimitClaim): string {
  const way = claim.kind === 'calendar' ? claim.period.unit : claim.kind
  return r.keys.limit(claim.owner, `${claim.rule}:${way}`)
}

function byOwner(wanted: readonly Wanted[]): readonly (readonly Wanted[])[] {
  return [...Map.groupBy(wanted, ({ claim }) => claim.owner).values()]
}
