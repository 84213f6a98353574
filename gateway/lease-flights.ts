import type { LimitClaim } from '../policies/policy.ts'
import type { GivenBack, Taken, TakenOf, TakeRequest } from '../registry/limits.ts'
import type { Slot } from './lease-cells.ts'
import type { Local } from './lease-locals.ts'
import type { LeaseView } from './lease-memory.ts'
import { leaseSize } from './lease-size.ts'

/**
 * Calls in flight. A gateway holds slots of the limit in the store, booked under its name, and its calls come and go on
 * them. Each time an answer of the store was lost it goes on under another name, and what was booked under the old one
 * expires: so none leaks.
 */
export interface Flights {
  /** Under which name slots are booked. */
  holderOf(slot: Slot | undefined): string
  /** Takes a slot that is held already. */
  takeOff(slot: Slot, now: number): boolean
  /** The end of a call. */
  land(local: Local): void
  /** The same for one that found no room in memory, and is booked in the store alone. */
  landUnslotted(local: Local): void
  /** Calls whose booking was lost are booked before any other. @throws Problem store-unavailable */
  bookAgain(locals: readonly Local[], now: number): Promise<void>
  /** What the store gave: for calls that waited, and beside them. `epoch`: of the memory when it was asked. */
  book(slot: Slot, epoch: number, taken: TakenOf, sentAt: number): void
  /** Nobody knows what the store did. */
  distrust(locals: readonly Local[]): void
  /** Shows life, and gives back what was not used lately. */
  tend(locals: Iterable<Local>): Promise<void>
  giveBackIdle(locals: Iterable<Local>): Promise<void>
}

export interface FlightsParts {
  readonly memory: LeaseView
  readonly holder: string
  readonly heldMs: number
  readonly ask: (request: TakeRequest) => Promise<Taken>
  readonly giveBack: (all: readonly GivenBack[], holder: string) => Promise<void>
}

export function createFlights({ memory, holder, heldMs, ask, giveBack }: FlightsParts): Flights {
  const holderOf = (slot: Slot | undefined) => (slot ? `${holder}.${memory.epoch(slot)}` : holder)
  const alone = (claim: LimitClaim, calls: number, slot: Slot) =>
    ask({
      wanted: [{ claim, near: 0, far: 0, lifeMs: 0 }],
      calls,
      nodes: 1,
      holder: holderOf(slot),
      heldMs,
    })

  /** @param keep slots that may stay without a call in them */
  async function giveBackSurplus({ claim }: Local, slot: Slot, keep: number) {
    const name = holderOf(slot)
    const amount = memory.unhold(slot, keep)
    if (amount === 0) return
    await giveBack([{ claim, amount, stamp: 0 }], name).catch(() => memory.lapse(slot))
  }

  async function renew(claim: LimitClaim, slot: Slot) {
    const sentAt = memory.now()
    const before = memory.held(slot)
    const taken = await alone(claim, 0, slot).catch(() => undefined)
    if (!taken) return
    // The store lost it, as after a fail-over.
    if (taken.of[0]!.stamp < Math.min(before, memory.held(slot))) memory.lapse(slot)
    else memory.renew(slot, sentAt + heldMs)
  }

  return {
    holderOf,
    takeOff: (slot, now) => memory.heldMs(slot, now) > 0 && memory.takeOff(slot),
    land(local) {
      const slot = local.slot! // it stays as long as a call is in flight
      memory.land(slot)
      memory.unblock(slot)
      const spare = Math.max(0, leaseSize(local.claim, memory.nodes()).near - 1)
      void giveBackSurplus(local, slot, spare)
    },
    landUnslotted: ({ claim }) => void giveBack([{ claim, amount: 1, stamp: 0 }], holder).catch(() => {}),
    async bookAgain(locals, now) {
      for (const { claim, slot } of locals) {
        if (claim.kind !== 'flight' || !slot || memory.heldMs(slot, now) > 0) continue
        if (memory.held(slot) > 0) memory.lapse(slot)
        const flying = memory.flying(slot)
        if (flying === 0) continue
        const { calls } = await alone({ ...claim, cost: flying }, 1, slot)
        if (calls === 1) memory.hold(slot, flying, 0, now + heldMs)
      }
    },
    book(slot, epoch, { counted, lease }, sentAt) {
      if (counted + lease === 0) return
      if (memory.epoch(slot) === epoch) memory.hold(slot, counted + lease, counted, sentAt + heldMs)
      else memory.fly(slot, counted) // booked under a name that is no longer ours
    },
    distrust(locals) {
      for (const { slot, claim } of locals) if (slot && claim.kind === 'flight') memory.lapse(slot)
    },
    async tend(locals) {
      const now = memory.now()
      for (const local of locals) {
        const { claim, slot } = local
        if (!slot || !memory.isStill(slot) || memory.held(slot) === 0) continue
        const leftMs = memory.heldMs(slot, now)
        if (leftMs <= 0) memory.lapse(slot)
        else if (now - local.usedAt > 1_000) await giveBackSurplus(local, slot, 0)
        if (leftMs < (heldMs * 2) / 3 && memory.held(slot) > 0) await renew(claim, slot)
      }
    },
    async giveBackIdle(locals) {
      await Promise.all([...locals].map((local) => local.slot && giveBackSurplus(local, local.slot, 0)))
    },
  }
}
