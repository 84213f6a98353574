import type { SharedView } from './shared.ts'

/** The slots of one upstream as a whole, beside those of its targets. */
export interface UpstreamSlots {
  readonly inFlight: number
  /** Calls that wait for room. */
  readonly waiting: number
  /** Partners with calls that wait, by thread: a partner that waits in two threads counts twice. */
  readonly partners: number
}

/** Counts calls of one upstream, over all threads, and says who of those that wait should look when one ends. */
export interface Room {
  readonly slots: UpstreamSlots
  inFlight(): number
  waiting(): number
  /** Whether any cap is set: without one there is always room. */
  readonly isLimited: boolean
  /** Whether the upstream, or each of its targets, is at its cap. */
  isFull(): boolean
  /** One of the upstream and one of the target, or neither. */
  tryTake(target: number, cap: number): boolean
  giveBack(target: number): void
  /** Whether calls wait, in whatever thread. */
  isAwaited(): boolean
  /** Has one of the threads look in which calls wait: each as likely as it has partners waiting. */
  announce(): void
}

export interface RoomParts {
  readonly shared: SharedView
  readonly slots: UpstreamSlots
  readonly cap: number
  /** Slots and caps of the targets that take new calls. */
  readonly targets: readonly { readonly slot: number; readonly cap: number }[]
  readonly wake: (thread: number) => void
}

export function openRoom({ shared, slots, cap, targets, wake }: RoomParts): Room {
  const isLimited = [cap, ...targets.map((target) => target.cap)].some(Number.isFinite)
  const isAwaited = () => shared.count(slots.partners) > 0

  function announce() {
    let left = Math.random() * shared.count(slots.partners)
    let last = -1
    for (let thread = 0; thread < shared.threads && left >= 0; thread++) {
      const partners = shared.heldBy(slots.partners, thread)
      if (partners === 0) continue
      last = thread
      left -= partners
    }
    if (last >= 0) wake(last)
  }

  return {
    slots,
    inFlight: () => shared.count(slots.inFlight),
    waiting: () => shared.count(slots.waiting),
    isLimited,
    isAwaited,
    announce,
    isFull() {
      if (shared.count(slots.inFlight) >= cap) return true
      for (const { slot, cap: most } of targets) if (shared.count(slot) < most) return false
      return targets.length > 0
    },
    tryTake(target, targetCap) {
      if (!shared.tryAcquire(slots.inFlight, cap)) return false
      if (shared.tryAcquire(target, targetCap)) return true
      shared.release(slots.inFlight)
      // For a moment the upstream may have looked full to somebody who then began to wait.
      if (isAwaited()) announce()
      return false
    },
    giveBack(target) {
      shared.release(target)
      shared.release(slots.inFlight)
      if (!isLimited) return
      shared.addRelease(slots.inFlight)
      if (isAwaited()) announce()
    },
  }
}
