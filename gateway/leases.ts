import type { LimitAnswer, LimitClaim, LimitsAnswer } from '../policies/policy.ts'
import { asProblem, type Problem } from '../registry/base/problem.ts'
import type { GivenBack, Taken, TakenOf, TakeRequest, Wanted } from '../registry/limits.ts'
import { lengthSeconds } from '../registry/periods.ts'
import type { Filled, LeaseView, Slot } from './lease-memory.ts'
import { type LeaseSize, leaseSize, nextDemand } from './lease-size.ts'

/**
 * Limits as one thread takes them: from the memory shared with the other threads as long as there is something in it,
 * else from the store. Calls that find nothing while a question about the same limits is on its way wait for it, and the
 * next question asks for all of them at once.
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

/** Keys whose slot a thread remembers; then it looks them up anew. */
const maxKnown = 50_000

interface Local {
  /** The newest config of it. */
  claim: LimitClaim
  readonly key: string
  slot: Slot | undefined
  /** When this thread saw it used last, ms. */
  usedAt: number
}

/** A call and what it found in memory. */
interface Waiter {
  readonly locals: readonly Local[]
  /** By claim: answers that are settled; undefined where the store has to be asked. */
  readonly of: (LimitAnswer | undefined)[]
  /** By claim: what was spent of a lease, 1 for a call in flight, 0 for nothing. */
  readonly spent: number[]
  readonly resolve: (answer: LimitsAnswer) => void
  readonly reject: (error: unknown) => void
}

interface Own extends Filled {
  readonly local: Local
  readonly slot: Slot
  readonly stamp: number
  readonly size: number
  timer: NodeJS.Timeout | undefined
}

export function createLeases(parts: LeasesParts): Leases {
  const { memory, holder, heldMs = 30_000 } = parts
  const known = new Map<string, Local>()
  const ofClaim = new WeakMap<LimitClaim, Local>()
  /** Calls that wait for the question about the same limits that is on its way. */
  const waiting = new Map<string, Waiter[]>()
  const owned = new Set<Own>()
  const flights = new Set<Local>()
  const counts: LeaseCounts = { memory: 0, store: 0, away: 0, questions: 0 }
  const askStore: LeasesParts['take'] = (request) => {
    counts.questions++
    return parts.take(request)
  }
  const giveBack: LeasesParts['giveBack'] = (all, to) => {
    counts.questions++
    return parts.giveBack(all, to)
  }

  function localOf(claim: LimitClaim, now: number): Local {
    let local = ofClaim.get(claim)
    if (!local) {
      const way = claim.kind === 'calendar' ? claim.period.unit : claim.kind
      const key = `${claim.owner} ${claim.rule} ${way} ${claim.cost} ${claim.isObserved}`
      local = known.get(key)
      if (!local) {
        if (known.size >= maxKnown) forgetUnused()
        local = { claim, key, slot: memory.find(key), usedAt: now }
        known.set(key, local)
        if (claim.kind === 'flight') flights.add(local)
      }
      // Whoever was given more need not wait until the old limit is free again.
      if (local.claim.limit !== claim.limit && local.slot) memory.unblock(local.slot)
      local.claim = claim
      ofClaim.set(claim, local)
    }
    local.usedAt = now
    if (local.slot && !memory.isStill(local.slot)) local.slot = undefined
    local.slot ??= memory.find(local.key)
    if (local.slot) memory.touch(local.slot, now)
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

  function take(claims: readonly LimitClaim[]): LimitsAnswer | Promise<LimitsAnswer> {
    const now = memory.now()
    const locals = claims.map((claim) => localOf(claim, now))
    const of: (LimitAnswer | undefined)[] = []
    const spent: number[] = []
    const verdict = spendAll(locals, of, spent, now)
    if (verdict === 'ask')
      return new Promise((resolve, reject) => queue({ locals, of, spent, resolve, reject }))
    counts.memory++
    return answer(verdict === 'allowed', locals, of as LimitAnswer[], spent, now)
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
      if (blockedMs === 0 || memory.left(slot!) > 0) continue
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
    if (local.claim.kind === 'flight') return memory.heldMs(slot, now) > 0 && memory.takeOff(slot) ? 1 : 0
    const lease = memory.spend(slot, now)
    if (lease !== 0 && memory.isNearlySpent()) void refill(local, slot)
    return lease
  }

  const told = (slot: Slot, isAllowed: boolean, retryAfterMs: number, now: number): LimitAnswer => ({
    isAllowed,
    isCounted: true,
    remaining: isAllowed ? memory.remaining(slot) + memory.left(slot) : 0,
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
        held.push(spent[i] === unslotted ? () => landUnslotted(local) : () => land(local))
      else if (!isAllowed) memory.unspend(local.slot!, spent[i]!, now)
    }
    const release = held.length > 0 ? () => held.forEach((end) => void end()) : undefined
    if (isAllowed) return { isAllowed, of, release }
    release?.()
    return { isAllowed, of: locals.map((_, i) => of[i] ?? uncounted), release: undefined }
  }

  function landUnslotted({ claim }: Local) {
    void sendBack([{ claim, amount: 1, stamp: 0 }])
  }

  function land(local: Local) {
    const slot = local.slot! // it stays as long as a call is in flight
    memory.land(slot)
    memory.unblock(slot)
    void returnSurplus(local, slot, keptOf(local))
  }

  /** Slots that a gateway may hold without a call in them. */
  const keptOf = ({ claim }: Local) => Math.max(0, sizeOf(claim).near - 1)

  async function returnSurplus(local: Local, slot: Slot, keep: number) {
    const amount = memory.unhold(slot, keep)
    if (amount === 0) return
    const name = holderOf(slot)
    await giveBack([{ claim: local.claim, amount, stamp: 0 }], name).catch(() => memory.lapse(slot))
  }

  /** Each time an answer was lost we go on under another name, and what was booked under the old one expires. */
  const holderOf = (slot: Slot | undefined) => (slot ? `${holder}.${memory.epoch(slot)}` : holder)
  const sizeOf = (claim: LimitClaim): LeaseSize => leaseSize(claim, memory.nodes())

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
      await bookAgain(missing, sentAt)
      const wanted = missing.map((local) => wish(local, waiters.length, sentAt))
      const taken = await askStore({
        wanted,
        calls: waiters.length,
        nodes: Math.max(1, memory.nodes()),
        holder: holderOf(missing.find(({ claim }) => claim.kind === 'flight')?.slot),
        heldMs,
      })
      for (const [i, local] of missing.entries())
        book(local, wanted[i]!, taken.of[i]!, waiters.length, sentAt)
      const now = memory.now()
      for (const [n, waiter] of waiters.entries()) settle(waiter, missing, taken, n, now)
    } catch (error) {
      const fault = asProblem(error)
      counts.away += waiters.length
      for (const { slot, claim } of missing) if (slot && claim.kind === 'flight') memory.lapse(slot)
      for (const waiter of waiters) settleAway(waiter, fault)
    }
  }

  /** Calls in flight whose booking was lost are booked before any other. @throws Problem store-unavailable */
  async function bookAgain(missing: readonly Local[], now: number) {
    for (const { claim, slot } of missing) {
      if (claim.kind !== 'flight' || !slot || memory.heldMs(slot, now) > 0) continue
      const flying = memory.flying(slot)
      if (memory.held(slot) > 0) memory.lapse(slot)
      if (flying === 0) continue
      const again = { ...claim, cost: flying }
      const request = { wanted: [{ claim: again, near: 0, far: 0, lifeMs: 0 }], calls: 1, nodes: 1 }
      const { calls } = await askStore({ ...request, holder: holderOf(slot), heldMs })
      if (calls === 1) memory.hold(slot, flying, 0, now + heldMs)
    }
  }

  function wish({ claim, slot }: Local, calls: number, now: number): Wanted {
    const size = sizeOf(claim)
    if (!slot || size.far === 0) return { claim, near: 0, far: 0, lifeMs: 0 }
    const demand = nextDemand(memory.demand(slot), calls, memory.asked(slot, now), size.lifeMs)
    memory.setDemand(slot, Math.min(demand, size.far))
    const least = (most: number) => (demand < 2 ? 0 : Math.min(most, demand))
    return { claim, near: least(size.near), far: least(size.far), lifeMs: size.lifeMs }
  }

  /** Writes into memory what the store said. */
  function book(local: Local, { claim, lifeMs }: Wanted, taken: TakenOf, calls: number, sentAt: number) {
    const { slot } = local
    if (!slot) return
    const { lease, counted, remaining, resetMs, retryAfterMs, stamp } = taken
    memory.tell(slot, remaining, sentAt + resetMs)
    if (retryAfterMs > 0 && claim.cost === 1 && counted < calls)
      memory.block(slot, sentAt + Math.min(retryAfterMs, maxBlockMs))
    if (claim.kind === 'flight') {
      if (counted + lease > 0) memory.hold(slot, counted + lease, counted, sentAt + heldMs)
    } else if (lease > 0) {
      // Measured from before it was asked for: so it ends here before it does in the store.
      const spanMs = claim.kind === 'calendar' ? Math.min(lifeMs, resetMs) : lifeMs
      keep(local, slot, lease, stamp, sentAt + spanMs)
    }
  }

  function keep(local: Local, slot: Slot, lease: number, stamp: number, untilMs: number) {
    const now = memory.now()
    const filled = memory.fill(slot, lease, untilMs, now)
    if (!filled) return void sendBack([{ claim: local.claim, amount: lease, stamp }])
    const own: Own = { ...filled, local, slot, stamp, size: lease, timer: undefined }
    owned.add(own)
    own.timer = setTimeout(() => sendBack(collect(own)), Math.max(0, untilMs - now))
    own.timer.unref()
  }

  /** What of a lease was not spent when its life is over. */
  function collect(own: Own): GivenBack[] {
    owned.delete(own)
    clearTimeout(own.timer)
    const amount = memory.collect(own.slot, own)
    if (amount === 0) return []
    memory.setDemand(own.slot, Math.max(1, own.size - amount))
    return [{ claim: own.local.claim, amount, stamp: own.stamp }]
  }

  /** Lost on the way, they are missed until the window is over: fewer calls, never more. */
  const sendBack = async (all: GivenBack[]) => {
    if (all.length > 0) await giveBack(all, holder).catch(() => {})
  }

  /** Ahead of the calls, so that none waits. Without an answer the next call asks itself. */
  async function refill(local: Local, slot: Slot) {
    const sentAt = memory.now()
    const wanted = wish(local, 0, sentAt)
    if (wanted.near === 0 && wanted.far === 0) return
    const request = { wanted: [wanted], calls: 0, nodes: Math.max(1, memory.nodes()), holder, heldMs }
    const taken = await askStore(request).catch(() => undefined)
    if (taken && memory.isStill(slot)) book(local, wanted, taken.of[0]!, 0, sentAt)
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
      waiter.spent[i] = n < counted && local.claim.kind === 'flight' ? (local.slot ? 1 : unslotted) : 0
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
      const own = claim.whenStoreFails === 'share' ? share(local, now) : uncounted
      if (claim.isObserved) waiter.of[i] = own ?? uncounted
      else if (claim.whenStoreFails === 'refuse' || own === undefined) isFault = true
      else {
        waiter.of[i] = own
        isAllowed &&= own.isAllowed
      }
      waiter.spent[i] = claim.kind === 'flight' && own?.isAllowed && own.isCounted ? 1 : 0
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

  /** A part of the limit, counted here. @returns undefined when nobody knows how many gateways there are */
  function share({ claim, slot }: Local, now: number): LimitAnswer | undefined {
    const nodes = memory.nodes()
    if (nodes === 0 || !slot) return undefined
    const part = Math.floor(claim.limit / nodes)
    const said = (waitMs: number): LimitAnswer => ({
      isAllowed: waitMs === 0,
      isCounted: true,
      remaining: 0,
      retryAfterMs: waitMs,
      resetMs: waitMs,
    })
    if (claim.kind === 'flight') return said(memory.takeOff(slot, part) ? 0 : 1_000)
    if (part < 1) return said(1_000)
    const burst = claim.kind === 'spread' ? Math.max(1, Math.floor(claim.burst / nodes)) : part
    const windowMs = claim.kind === 'calendar' ? lengthSeconds(claim.period) * 1000 : claim.windowMs
    return said(memory.share(slot, (windowMs / part) * claim.cost, burst, now))
  }

  async function tend() {
    const now = memory.now()
    for (const local of flights) {
      const { claim, slot } = local
      if (!slot || !memory.isStill(slot) || memory.held(slot) === 0) continue
      const leftMs = memory.heldMs(slot, now)
      if (leftMs <= 0) memory.lapse(slot)
      else if (now - local.usedAt > 1_000) await returnSurplus(local, slot, 0)
      if (leftMs < (heldMs * 2) / 3 && memory.held(slot) > 0) await renew(claim, slot)
    }
  }

  async function renew(claim: LimitClaim, slot: Slot) {
    const sentAt = memory.now()
    const before = memory.held(slot)
    const request = { wanted: [{ claim, near: 0, far: 0, lifeMs: 0 }], calls: 0, nodes: 1 }
    const taken = await askStore({ ...request, holder: holderOf(slot), heldMs }).catch(() => undefined)
    if (!taken) return
    // The store lost it, as after a fail-over.
    if (taken.of[0]!.stamp < Math.min(before, memory.held(slot))) memory.lapse(slot)
    else memory.renew(slot, sentAt + heldMs)
  }

  return {
    take,
    tend,
    counts,
    async drain() {
      const idle = [...flights].map((local) => local.slot && returnSurplus(local, local.slot, 0))
      await Promise.all([...idle, sendBack([...owned].flatMap(collect))])
    },
  }
}

/** A caller that is refused for longer asks again once in a while: somebody may have given something back. */
const maxBlockMs = 60_000

/** A call in flight that found no room in memory: it is booked in the store alone. */
const unslotted = 2

const placeOf = ({ key }: Local, missing: readonly Local[]) => missing.findIndex((one) => one.key === key)

const uncounted: LimitAnswer = {
  isAllowed: true,
  isCounted: false,
  remaining: 0,
  retryAfterMs: 0,
  resetMs: 0,
}
