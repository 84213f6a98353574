import { blended, faded } from '../policies/balance/decaying-mean.ts'
import { createSharedHealth, openHealth, type SharedHealth } from './health-cells.ts'

/**
 * What all threads of a gateway see: calls in flight by target, how long targets take to answer, and when the main thread
 * last heard the registry.
 *
 * Each target has a slot: one total, which decides (a cap is exact over all threads), one column per thread, so that
 * the share of a thread that crashed can be given back, and a mean time with the moment of its last sample. The mean is
 * one for all threads, so that each learns from the calls of the others and one that is started anew knows it. Two
 * threads that add a sample at once may lose one of them: a mean bears that.
 */
export interface Shared {
  readonly buffer: SharedArrayBuffer
  readonly health: SharedHealth
  readonly threads: number
  /** ms since the epoch: times are kept relative to it, so that they fit a cell for years. */
  readonly startedAt: number
}

const capacity = 16_384 // targets
const headerCells = 4
const CONTACT = 0
/** Cells of a slot beside the columns: total, mean in µs (0: none yet), moment in ms. */
const ownCells = 3
const longestMicros = 600_000_000

export function createShared(threads: number): Shared {
  return {
    buffer: new SharedArrayBuffer((headerCells + capacity * (threads + ownCells)) * 4),
    health: createSharedHealth(),
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
  /** Mean time to the head of an answer as it has faded by now; undefined while there is none. */
  headMs(slot: number): number | undefined
  /** Of a failure: counts as twice the mean at least, since failing fast is not being quick. */
  addHeadMs(slot: number, ms: number, isFailure: boolean): void
  /** The slot goes to another target, of which nothing is known. */
  forget(slot: number): void
  /** Gives back what a dead thread held. */
  releaseThread(thread: number): void
  /** Whether no thread holds anything of the slot. */
  isIdle(slot: number): boolean
}

/** ms that no change of the clock moves, the same in all threads. Modulo 2^32, which only differences of it survive. */
function steadyClock(): () => number {
  const offset = Number(process.hrtime.bigint() / 1_000_000n) - performance.now()
  return () => (performance.now() + offset) | 0
}

/**
 * @param thread number of the thread that looks; its acquisitions are booked under it
 * @param steadyMs the same clock in all threads
 */
export function viewShared(shared: Shared, thread: number, steadyMs = steadyClock()): SharedView {
  const cells = new Int32Array(shared.buffer)
  const health = openHealth(shared.health)
  const stride = shared.threads + ownCells
  const totalOf = (slot: number) => headerCells + slot * stride
  const meanOf = (slot: number) => totalOf(slot) + 1 + shared.threads
  /** Never below 0: another thread may just have added one. */
  const ageOf = (mean: number, now: number) => Math.max(0, (now - Atomics.load(cells, mean + 1)) | 0)
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
    headMs(slot) {
      const at = meanOf(slot)
      const mean = Atomics.load(cells, at)
      return mean === 0 ? undefined : faded(mean, ageOf(at, steadyMs())) / 1_000
    },
    addHeadMs(slot, ms, isFailure) {
      const at = meanOf(slot)
      const now = steadyMs()
      const mean = Atomics.load(cells, at)
      const measured = Math.round(ms * 1_000)
      const sample = Math.min(isFailure ? Math.max(measured, mean * 2) : measured, longestMicros)
      const next = mean === 0 ? sample : blended(mean, ageOf(at, now), sample)
      Atomics.store(cells, at, Math.max(1, Math.round(next)))
      Atomics.store(cells, at + 1, now)
    },
    forget(slot) {
      Atomics.store(cells, meanOf(slot), 0)
      health.reset(slot)
    },
    releaseThread(dead) {
      for (let slot = 0; slot < capacity; slot++) {
        const at = totalOf(slot)
        const held = Atomics.exchange(cells, at + 1 + dead, 0)
        if (held !== 0) Atomics.sub(cells, at, held)
      }
      health.releaseThread(dead)
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

export function createSlotTable(view: Pick<SharedView, 'isIdle' | 'forget'>): SlotTable {
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
        view.forget(slot)
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
