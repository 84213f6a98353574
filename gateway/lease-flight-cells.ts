import { EPOCH, FLYING, HELD, HELD_UNTIL, type Slot, THREADS } from './lease-cells.ts'

/** Calls in flight as the memory of limits books them: as many as slots are held of the store, all threads together. */
export function viewFlights(cells: Int32Array, thread: number, now: () => number) {
  return {
    flying: ({ at }: Slot) => Atomics.load(cells, at + FLYING),
    held: ({ at }: Slot) => Atomics.load(cells, at + HELD),
    heldMs: ({ at }: Slot, nowMs: number) => (Atomics.load(cells, at + HELD_UNTIL) - nowMs) | 0,
    epoch: ({ at }: Slot) => Atomics.load(cells, at + EPOCH),
    takeOff({ at }: Slot, cap?: number): boolean {
      for (;;) {
        const flying = Atomics.load(cells, at + FLYING)
        if (flying >= (cap ?? Atomics.load(cells, at + HELD))) return false
        if (Atomics.compareExchange(cells, at + FLYING, flying, flying + 1) !== flying) continue
        Atomics.add(cells, at + THREADS + thread, 1)
        // What was held may have been given back in between.
        if (cap !== undefined || flying + 1 <= Atomics.load(cells, at + HELD)) return true
        Atomics.sub(cells, at + THREADS + thread, 1)
        Atomics.sub(cells, at + FLYING, 1)
      }
    },
    land({ at }: Slot) {
      Atomics.sub(cells, at + THREADS + thread, 1)
      Atomics.sub(cells, at + FLYING, 1)
    },
    /** Books what the store gave; so many calls of this thread go with it at once. */
    hold({ at }: Slot, amount: number, calls: number, untilMs: number) {
      Atomics.add(cells, at + FLYING, calls)
      Atomics.add(cells, at + THREADS + thread, calls)
      Atomics.store(cells, at + HELD_UNTIL, untilMs | 0)
      Atomics.add(cells, at + HELD, amount)
    },
    /** Calls of this thread that are in flight without a slot. */
    fly({ at }: Slot, calls: number) {
      Atomics.add(cells, at + FLYING, calls)
      Atomics.add(cells, at + THREADS + thread, calls)
    },
    renew: ({ at }: Slot, untilMs: number) => void Atomics.store(cells, at + HELD_UNTIL, untilMs | 0),
    /** Takes out what is held beyond calls in flight and `keep`. @returns how much may be given back */
    unhold({ at }: Slot, keep: number): number {
      for (;;) {
        const flying = Atomics.load(cells, at + FLYING)
        const surplus = Atomics.load(cells, at + HELD) - flying - keep
        if (surplus <= 0) return 0
        // As if they were calls: so no call takes what is on its way back.
        if (Atomics.compareExchange(cells, at + FLYING, flying, flying + surplus) !== flying) continue
        const isHeld = flying + surplus <= Atomics.load(cells, at + HELD)
        if (isHeld) Atomics.sub(cells, at + HELD, surplus)
        Atomics.sub(cells, at + FLYING, surplus)
        if (isHeld) return surplus
      }
    },
    /** What is held cannot be trusted any more: it is left to expire, and booked anew under another name. */
    lapse({ at }: Slot) {
      Atomics.add(cells, at + EPOCH, 1)
      Atomics.store(cells, at + HELD_UNTIL, now() | 0)
      Atomics.store(cells, at + HELD, 0)
    },
  }
}
