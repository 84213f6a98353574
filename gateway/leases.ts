import type { LimitAnswer, LimitClaim, LimitsAnswer } from '../policies/policy.ts'
import { asProblem, type Problem } from '../registry/base/problem.ts'
import type { GivenBack, Taken, TakenOf, TakeRequest, Wanted } from '../registry/limits.ts'
import { shareOf, uncounted } from './lease-away.ts'
import type { Slot } from './lease-cells.ts'
import { createFlights } from './lease-flights.ts'
import { createLocals, type Local } from './lease-locals.ts'
import type { LeaseView } from './lease-memory.ts'
import { leaseSize, nextDemand } from './lease-size.ts'
import { createTokens } from './lease-tokens.ts'

/**
 * Limits as one thread takes them: from the memory shared with the other threads as long as there is something in it,
 * else from the store. Calls that find nothing while a question about the same limits is on its way wait for it, and the
 * next question asks for all of them at once.
 *
 * Longer than other files: what a call spent, waits for and is told is one bookkeeping, that must come out even in every
 * ending. What stands by itself is in lease-flights, lease-tokens, lease-locals and lease-away.
 */
export interface Leases {
  /** A plain value unless the store has to be asked. @throws Problem store-unavailable */
  take(claims: readonly LimitClaim[]): LimitsAnswer | Promise<LimitsAnswer>
  /** Shows signs of life for calls in flight, and gives back what nobody uses. To be called about once a second. */
  tend(): Promise<void>
  /** Gives all back; for the end of the thread. */
  drain(): Promise<void>
  readonly counts: LeaseCounts
}

/** How calls were answered. */
export interface LeaseCounts {
  memory: number
  store: number
  away: number
  /** Commands sent to the store. */
  questions: number
}

export interface LeasesParts {
  readonly memory: LeaseView
  readonly holder: string
  readonly take: (request: TakeRequest) => Promise<Taken>
  readonly giveBack: (all: readonly GivenBack[], holder: string) => Promise<void>
  /** Calls in flight of a gateway that shows no life for so long are taken to be over. ms */
  readonly heldMs?: number
}

/** A call and what it found in memory. */
interface Waiter {
  readonly locals: readonly Local[]
  /** By claim: answers that are settled; undefined where the store has to be asked. */
  readonly of: (LimitAnswer | undefined)[]
  /** By claim: what was spent, to be put back; 0 for nothing. */
  readonly spent: number[]
  readonly resolve: (answer: LimitsAnswer) => void
  readonly reject: (error: unknown) => void
}

export function createLeases(parts: LeasesParts): Leases {
  const { memory, holder, heldMs = 30_000 } = parts
  /** Calls that wait for the question about the same limits that is on its way. */
  const waiting = new Map<string, Waiter[]>()
  const counts: LeaseCounts = { memory: 0, store: 0, away: 0, questions: 0 }
  const askStore: LeasesParts['take'] = (request) => {
    counts.questions++
    return parts.take(request)
  }
  const giveBack: LeasesParts['giveBack'] = (all, to) => {
    counts.questions++
    return parts.giveBack(all, to)
  }
  const locals = createLocals(memory)
  const tokens = createTokens(memory, (all) => giveBack(all, holder))
  const flights = createFlights({ memory, holder, heldMs, ask: askStore, giveBack })

  function take(claims: readonly LimitClaim[]): LimitsAnswer | Promise<LimitsAnswer> {
    const now = memory.now()
    const found = claims.map((claim) => locals.of(claim, now))
    const of: (LimitAnswer | undefined)[] = []
    const spent: number[] = []
    const verdict = spendAll(found, of, spent, now)
    if (verdict === 'ask')
      return new Promise((resolve, reject) => queue({ locals: found, of, spent, resolve, reject }))
    counts.memory++
    return answer(verdict === 'allowed', found, of as LimitAnswer[], spent, now)
  }

  /** Spends what is in memory, for all claims that are not settled yet. */
  function spendAll(
    locals: readonly Local[],
    of: (LimitAnswer | undefined)[],
    spent: number[],
    now: number,
  ): 'allowed' | 'refused' | 'ask' {
    let isRefused = false
    let mustAsk = false
    for (let i = 0; i < locals.length; i++) {
      const { slot, claim } = locals[i]!
      if (of[i]) continue
      spent[i] = 0
      const blockedMs = slot ? memory.blockedMs(slot, now) : 0
      if (blockedMs === 0 || memory.left(slot!, now) > 0) continue
      of[i] = told(slot!, false, blockedMs, now)
      isRefused ||= !claim.isObserved
    }
    if (isRefused) return 'refused'
    for (let i = 0; i < locals.length; i++) {
      if (of[i]) continue
      const local = locals[i]!
      const { slot, claim } = local
      spent[i] = slot && claim.cost === 1 ? spend(local, slot, now) : 0
      if (spent[i] === 0) mustAsk = true
      else of[i] = told(slot!, true, 0, now)
    }
    return mustAsk ? 'ask' : 'allowed'
  }

  function spend(local: Local, slot: Slot, now: number): number {
    if (local.claim.kind === 'flight') return flights.takeOff(slot, now) ? slotted : 0
    const lease = memory.spend(slot, now)
    if (lease !== 0 && memory.isNearlySpent()) void refill(local, slot)
    return lease
  }

  const told = (slot: Slot, isAllowed: boolean, retryAfterMs: number, now: number): LimitAnswer => ({
    isAllowed,
    isCounted: true,
    remaining: isAllowed ? memory.remaining(slot) + memory.left(slot, now) : 0,
    retryAfterMs,
    resetMs: Math.max(0, memory.resetAt(slot) - now),
  })

  /** What is said to the caller; when it is refused, all that was taken for it is put back. */
  function answer(
    isAllowed: boolean,
    locals: readonly Local[],
    of: readonly LimitAnswer[],
    spent: readonly number[],
    now: number,
  ): LimitsAnswer {
    const held: (() => void)[] = []
    for (let i = 0; i < locals.length; i++) {
      const local = locals[i]!
      if (spent[i] === 0) continue
      if (local.claim.kind === 'flight')
        held.push(() => (spent[i] === unslotted ? flights.landUnslotted(local) : flights.land(local)))
      else if (!isAllowed) memory.unspend(local.slot!, spent[i]!, now)
    }
    const release = held.length > 0 ? () => held.forEach((land) => void land()) : undefined
    if (isAllowed) return { isAllowed, of, release }
    release?.()
    return { isAllowed, of: locals.map((_, i) => of[i] ?? uncounted), release: undefined }
  }

  /** Asks for all that wait with the same limits, until none of them has to wait. */
  function queue(waiter: Waiter) {
    const missing = waiter.locals.filter((_, i) => !waiter.of[i])
    const key = missing.map((local) => local.key).join('\n')
    const line = waiting.get(key)
    if (line) return void line.push(waiter)
    waiting.set(key, [])
    void serve(key, missing, [waiter])
  }

  async function serve(key: string, missing: readonly Local[], first: Waiter[]) {
    for (let waiters = first; waiters.length > 0; ) {
      await askFor(missing, waiters)
      const line = waiting.get(key)!
      waiting.set(key, [])
      const now = memory.now()
      waiters = line.filter((waiter) => !serveFromMemory(waiter, missing, now))
    }
    waiting.delete(key)
  }

  /** Others may have brought something meanwhile. What is not enough for all limits is put back: all ask for the same. */
  function serveFromMemory(
    { locals, of, spent, resolve }: Waiter,
    missing: readonly Local[],
    now: number,
  ): boolean {
    const verdict = spendAll(locals, of, spent, now)
    if (verdict !== 'ask') {
      counts.memory++
      resolve(answer(verdict === 'allowed', locals, of as LimitAnswer[], spent, now))
      return true
    }
    for (const [i, local] of locals.entries()) {
      if (placeOf(local, missing) < 0) continue
      if (spent[i] !== 0 && local.claim.kind === 'flight') memory.land(local.slot!)
      else if (spent[i] !== 0) memory.unspend(local.slot!, spent[i]!, now)
      spent[i] = 0
      of[i] = undefined
    }
    return false
  }

  async function askFor(missing: readonly Local[], waiters: readonly Waiter[]) {
    const sentAt = memory.now()
    try {
      await flights.bookAgain(missing, sentAt)
      const wanted = missing.map((local) => wish(local, waiters.length, sentAt))
      const flight = missing.find(({ claim }) => claim.kind === 'flight')?.slot
      const epoch = flight ? memory.epoch(flight) : 0
      const taken = await askStore({
        wanted,
        calls: waiters.length,
        nodes: Math.max(1, memory.nodes()),
        holder: flights.holderOf(flight),
        heldMs,
      })
      for (const [i, local] of missing.entries())
        book(local, wanted[i]!, taken.of[i]!, waiters.length, sentAt, epoch)
      const now = memory.now()
      for (const [n, waiter] of waiters.entries()) settle(waiter, missing, taken, n, now)
    } catch (error) {
      const fault = asProblem(error)
      counts.away += waiters.length
      flights.distrust(missing)
      for (const waiter of waiters) settleAway(waiter, fault)
    }
  }

  function wish({ claim, slot }: Local, calls: number, now: number): Wanted {
    const size = leaseSize(claim, memory.nodes())
    if (!slot || size.far === 0) return { claim, near: 0, far: 0, lifeMs: 0 }
    const demand = nextDemand(memory.demand(slot), calls, memory.asked(slot, now), size.lifeMs)
    memory.setDemand(slot, Math.min(demand, size.far))
    const least = (most: number) => (demand < 2 ? 0 : Math.min(most, demand))
    return { claim, near: least(size.near), far: least(size.far), lifeMs: size.lifeMs }
  }

  /** Writes into memory what the store said. */
  function book(
    local: Local,
    { claim, lifeMs }: Wanted,
    taken: TakenOf,
    calls: number,
    sentAt: number,
    epoch: number,
  ) {
    const { slot } = local
    if (!slot) return
    const { lease, counted, remaining, resetMs, retryAfterMs, stamp } = taken
    memory.tell(slot, remaining, sentAt + resetMs)
    if (retryAfterMs > 0 && claim.cost === 1 && counted < calls)
      memory.block(slot, sentAt + Math.min(retryAfterMs, maxBlockMs))
    if (claim.kind === 'flight') flights.book(slot, epoch, taken, sentAt)
    else if (lease > 0) {
      // Measured from before it was asked for: so it ends here before it does in the store.
      const spanMs = claim.kind === 'calendar' ? Math.min(lifeMs, resetMs) : lifeMs
      tokens.keep(local, slot, lease, stamp, sentAt + spanMs)
    }
  }

  /** Ahead of the calls, so that none waits. Without an answer the next call asks itself. */
  async function refill(local: Local, slot: Slot) {
    const sentAt = memory.now()
    const wanted = wish(local, 0, sentAt)
    if (wanted.near === 0 && wanted.far === 0) return
    const request = { wanted: [wanted], calls: 0, nodes: Math.max(1, memory.nodes()), holder, heldMs }
    const taken = await askStore(request).catch(() => undefined)
    if (taken && memory.isStill(slot)) book(local, wanted, taken.of[0]!, 0, sentAt, 0)
  }

  /** The verdict for the n-th of those that waited. */
  function settle(waiter: Waiter, missing: readonly Local[], { calls, of }: Taken, n: number, now: number) {
    const isAllowed = n < calls
    for (const [i, local] of waiter.locals.entries()) {
      const place = placeOf(local, missing)
      if (place < 0 || waiter.of[i]) continue
      const { counted, remaining, retryAfterMs, resetMs } = of[place]!
      const isOwnAllowed = n < counted || retryAfterMs === 0
      waiter.of[i] = {
        isAllowed: isOwnAllowed,
        isCounted: true,
        remaining: n < counted ? remaining + counted - 1 - n : isOwnAllowed ? remaining : 0,
        retryAfterMs: isOwnAllowed ? 0 : retryAfterMs,
        resetMs,
      }
      waiter.spent[i] = n < counted && local.claim.kind === 'flight' ? (local.slot ? slotted : unslotted) : 0
    }
    waiter.resolve(answer(isAllowed, waiter.locals, waiter.of as LimitAnswer[], waiter.spent, now))
  }

  function settleAway(waiter: Waiter, fault: Problem) {
    const now = memory.now()
    let isAllowed = true
    let isFault = fault.code !== 'store-unavailable'
    for (const [i, local] of waiter.locals.entries()) {
      if (waiter.of[i]) continue
      const { claim } = local
      const own = claim.whenStoreFails === 'share' ? shareOf(memory, local, now) : uncounted
      if (claim.isObserved) waiter.of[i] = own ?? uncounted
      else if (claim.whenStoreFails === 'refuse' || own === undefined) isFault = true
      else {
        waiter.of[i] = own
        isAllowed &&= own.isAllowed
      }
      waiter.spent[i] = claim.kind === 'flight' && own?.isAllowed && own.isCounted ? slotted : 0
    }
    const verdict = answer(
      isAllowed && !isFault,
      waiter.locals,
      waiter.of as LimitAnswer[],
      waiter.spent,
      now,
    )
    if (isFault) waiter.reject(fault)
    else waiter.resolve(verdict)
  }

  return {
    take,
    counts,
    tend: () => flights.tend(locals.flights),
    async drain() {
      await Promise.all([flights.giveBackIdle(locals.flights), tokens.giveBackAll()])
    },
  }
}

/** A caller that is refused for longer asks again once in a while: somebody may have given something back. */
const maxBlockMs = 60_000

/** What was spent of calls in flight: a slot in memory; or, where that has no room, in the store alone. */
const slotted = 1
const unslotted = 2

const placeOf = ({ key }: Local, missing: readonly Local[]) => missing.findIndex((one) => one.key === key)
