import { blended, faded } from '../policies/balance/decaying-mean.ts'
import { steadyClock } from '../registry/base/clock.ts'
import { type ConnectionCells, createConnectionCells, forgetConnections } from './connection-counts.ts'
import { createSharedHealth, openHealth, type SharedHealth } from './health-cells.ts'
import { createLeaseMemory, type LeaseMemory, type LeaseView, viewLeaseMemory } from './lease-memory.ts'
import { slotCapacity } from './slot-table.ts'
import { createKnown } from './strangers.ts'
import { createWakeCells } from './wake.ts'

/**
 * What all threads of a gateway see: calls in flight and waiting, how long targets take to answer, and when the main
 * thread last heard the registry.
 *
 * Each target has a slot, and each upstream some: one total, which decides (a cap is exact over all threads), one column
 * per thread, so that the share of a thread that crashed can be given back, and a mean time with the moment of its last
 * sample. The mean is one for all threads, so that each learns from the calls of the others and one that is started anew
 * knows it. Two threads that add a sample at once may lose one of them: a mean bears that.
 */
export interface Shared {
  readonly buffer: SharedArrayBuffer
  readonly health: SharedHealth
  readonly wakes: SharedArrayBuffer
  /** Credentials that were good once: see strangers.ts. */
  readonly known: SharedArrayBuffer
  readonly threads: number
  /** By the steady clock, ms: times are kept relative to it, so that they fit a cell for years. */
  readonly startedAt: number
  readonly connections: ConnectionCells
  /** Of the limits: see lease-memory.ts. */
  readonly leases: LeaseMemory
}

const headerCells = 4
const CONTACT = 0
/** Cells of a slot beside the columns: total, mean in µs (0: none yet), moment of the last sample in ms (0: never). */
const ownCells = 3
const longestMicros = 600_000_000

export function createShared(threads: number): Shared {
  return {
    buffer: new SharedArrayBuffer((headerCells + slotCapacity * (threads + ownCells)) * 4),
    health: createSharedHealth(),
    wakes: createWakeCells(threads),
    known: createKnown(),
    threads,
    startedAt: steadyClock(),
    connections: createConnectionCells(threads),
    leases: createLeaseMemory(threads),
  }
}

export interface SharedView {
  /** By the steady clock, ms; 0 before the first contact. Exact to a tenth of a second. */
  contactAt(): number
  markContact(now: number): void
  readonly threads: number
  /** What all threads hold of the slot. */
  count(slot: number): number
  /** What one thread holds of it. */
  heldBy(slot: number, thread: number): number
  /** Takes one unless that would exceed `cap`. */
  tryAcquire(slot: number, cap: number): boolean
  release(slot: number): void
  /** Mean time to the head of an answer as it has faded by now; undefined while there is none. */
  headMs(slot: number): number | undefined
  /** Of a failure: counts as twice the mean at least, since failing fast is not being quick. */
  addHeadMs(slot: number, ms: number, isFailure: boolean): void
  /** Mean time between two releases of a slot, as far as they were told; undefined before the second. */
  releaseMs(slot: number): number | undefined
  /** Tells of a release. */
  addRelease(slot: number): void
  /** The slot goes to another target, of which nothing is known. */
  forget(slot: number): void
  /** Gives back what a dead thread held. */
  releaseThread(thread: number): void
  /** Whether no thread holds anything of the slot. */
  isIdle(slot: number): boolean
  readonly leases: LeaseView
}

/**
 * @param thread number of the thread that looks; its acquisitions are booked under it
 * @param steadyMs the same clock in all threads
 */
export function viewShared(shared: Shared, thread: number, steadyMs = () => steadyClock() | 0): SharedView {
  const cells = new Int32Array(shared.buffer)
  const health = openHealth(shared.health)
  const stride = shared.threads + ownCells
  const leases = viewLeaseMemory(shared.leases, thread)
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
    threads: shared.threads,
    count: (slot) => Atomics.load(cells, totalOf(slot)),
    heldBy: (slot, of) => Atomics.load(cells, totalOf(slot) + 1 + of),
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
    releaseMs(slot) {
      const mean = Atomics.load(cells, meanOf(slot))
      return mean === 0 ? undefined : mean / 1_000
    },
    addRelease(slot) {
      const at = meanOf(slot)
      const now = steadyMs() || 1
      const isFirst = Atomics.load(cells, at + 1) === 0
      const gap = Math.min(ageOf(at, now) * 1_000, longestMicros)
      Atomics.store(cells, at + 1, now)
      if (isFirst) return
      const mean = Atomics.load(cells, at)
      // Each gap counts an eighth: some releases after a pause it is the present rate.
      Atomics.store(cells, at, Math.max(1, mean === 0 ? gap : Math.round(mean + (gap - mean) / 8)))
    },
    forget(slot) {
      Atomics.store(cells, meanOf(slot), 0)
      health.reset(slot)
      Atomics.store(cells, meanOf(slot) + 1, 0)
    },
    releaseThread(dead) {
      for (let slot = 0; slot < slotCapacity; slot++) {
        const at = totalOf(slot)
        const held = Atomics.exchange(cells, at + 1 + dead, 0)
        if (held !== 0) Atomics.sub(cells, at, held)
      }
      health.releaseThread(dead)
      leases.releaseThread(dead)
      forgetConnections(shared.connections, dead)
    },
    isIdle: (slot) => Atomics.load(cells, totalOf(slot)) === 0,
    leases,
  }
}
