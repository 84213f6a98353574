/**
 * What all threads of a gateway see: calls in flight by target, and when the main thread last heard the registry.
 *
 * Each target has a slot: one total, which decides (a cap is exact over all threads), and one column per thread, so that
 * the share of a thread that crashed can be given back.
 */
export interface Shared {
  readonly buffer: SharedArrayBuffer
  readonly threads: number
  /** ms since the epoch: times are kept relative to it, so that they fit a cell for years. */
  readonly startedAt: number
}

const capacity = 16_384 // targets
const headerCells = 4
const CONTACT = 0

export function createShared(threads: number): Shared {
  return {
    buffer: new SharedArrayBuffer((headerCells + capacity * (threads + 1)) * 4),
    threads,
    startedAt: Date.now(),
  }
}

export interface SharedView {
  /** ms since the epoch; 0 before the first contact. Exact to a tenth of a second. */
  contactAt(): number
  markContact(now: number): void
  inFlight(slot: number): number
  /** Takes one unless that would exceed `cap`. */
  tryAcquire(slot: number, cap: number): boolean
  release(slot: number): void
  /** Gives back what a dead thread held. */
  releaseThread(thread: number): void
  /** Whether no thread holds anything of the slot. */
  isIdle(slot: number): boolean
}

/** @param thread number of the thread that looks; its acquisitions are booked under it */
export function viewShared(shared: Shared, thread: number): SharedView {
  const cells = new Int32Array(shared.buffer)
  const stride = shared.threads + 1
  const totalOf = (slot: number) => headerCells + slot * stride
  return {
    contactAt() {
      const tenths = Atomics.load(cells, CONTACT)
      return tenths === 0 ? 0 : shared.startedAt + tenths * 100
    },
    markContact(now) {
      Atomics.store(cells, CONTACT, Math.max(1, Math.floor((now - shared.startedAt) / 100)))
    },
    inFlight: (slot) => Atomics.load(cells, totalOf(slot)),
    tryAcquire(slot, cap) {
      const at = totalOf(slot)
      for (;;) {
        const count = Atomics.load(cells, at)
        if (count >= cap) return false
        if (Atomics.compareExchange(cells, at, count, count + 1) === count) break
      }
      Atomics.add(cells, at + 1 + thread, 1)
      return true
    },
    release(slot) {
      const at = totalOf(slot)
      Atomics.sub(cells, at + 1 + thread, 1)
      Atomics.sub(cells, at, 1)
    },
    releaseThread(dead) {
      for (let slot = 0; slot < capacity; slot++) {
        const at = totalOf(slot)
        const held = Atomics.exchange(cells, at + 1 + dead, 0)
        if (held !== 0) Atomics.sub(cells, at, held)
      }
    },
    isIdle: (slot) => Atomics.load(cells, totalOf(slot)) === 0,
  }
}

/** Hands out slots by target key; only the main thread does. */
export interface SlotTable {
  /**
   * Slots for these targets. Others keep theirs while calls are in flight, or while they are in force still: what is
   * asked for now may yet be refused.
   * @throws Error when all are taken
   */
  assign(keys: readonly string[], inForce?: readonly string[]): Map<string, number>
}

export function createSlotTable(view: Pick<SharedView, 'isIdle'>): SlotTable {
  const slots = new Map<string, number>()
  const free: number[] = []
  let next = 0
  return {
    assign(keys, inForce = []) {
      const wanted = new Set(keys)
      const used = new Set(inForce)
      for (const [key, slot] of slots) {
        if (wanted.has(key) || used.has(key) || !view.isIdle(slot)) continue
        slots.delete(key)
        free.push(slot)
      }
      const assigned = new Map<string, number>()
      for (const key of wanted) {
        const slot = slots.get(key) ?? free.pop() ?? next++
        if (slot >= capacity) throw new Error(`more than ${capacity} targets`)
        slots.set(key, slot)
        assigned.set(key, slot)
      }
      return assigned
    },
  }
}
