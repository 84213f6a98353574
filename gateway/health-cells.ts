import { steadyClock } from '../registry/base/clock.ts'
import { slotCapacity } from './slot-table.ts'

/**
 * What is known of each target's health, in memory that all threads see. A target has the slot that its count has
 * (shared.ts), so what is known outlives every table. What the cells mean, and who changes them, is in health.ts.
 */
export interface SharedHealth {
  readonly buffer: SharedArrayBuffer
  /** By the steady clock, ms: times are kept relative to it. */
  readonly startedAt: number
}

/** Bits of FLAGS. While none of BLOCKING is set, a call costs one look. */
export const UNHEALTHY = 1 // active checks fail
export const EJECTED = 2 // what its calls say differs from the others
export const OPEN = 4 // its circuit breaker
export const HELD = 8 // it asked to be left alone: Retry-After
export const WARMING = 16 // it starts slowly after a recovery
export const BLOCKING = UNHEALTHY | EJECTED | OPEN | HELD
export const ON_TRIAL = EJECTED | OPEN // ends with a call that succeeds

/** Cells of a slot. Times are in tenths of a second, see `tenths`. */
export const cell = {
  flags: 0,
  /** Failures in a row: without an answer, or 5xx. */
  run: 1,
  /** The same without 500, 501 and the like. */
  gatewayRun: 2,
  /** Calls since the slot was given out, by how they ended. They wrap around. */
  good: 3,
  serverErrors: 4,
  gatewayFailures: 5,
  /** The breaker's window: when it began, and the counts of then. */
  windowAt: 6,
  windowGood: 7,
  windowBad: 8,
  /** Thread that holds the trial, counted from 1; 0: nobody. */
  trial: 9,
  ejectedUntil: 10,
  openUntil: 11,
  heldUntil: 12,
  /** How often it was taken out in a row. */
  times: 13,
  /** Since when it is what `flags` say, and why: an index into `reasons`. */
  since: 14,
  reason: 15,
  recoveredAt: 16,
  checkedOutAt: 17,
  checkReason: 18,
  /** How often it was taken out since the slot was given out. */
  ejections: 19,
  openings: 20,
  heldAt: 21,
} as const
/** From here on cells of the slot that counts an upstream's calls in flight: see retry-budget.ts. */
export const budgetCells = 24
const stride = 42

export const reasons = [
  '',
  'consecutive-5xx',
  'consecutive-gateway-failures',
  'success-rate',
  'breaker',
  'trial-failed',
  'retry-after',
  'check-status',
  'check-timeout',
  'check-failed',
  'trial-passed',
  'check-passed',
  'check-removed',
] as const
export type Reason = (typeof reasons)[number]

export function createSharedHealth(startedAt = steadyClock()): SharedHealth {
  return { buffer: new SharedArrayBuffer(slotCapacity * stride * 4), startedAt }
}

export interface HealthCells {
  readonly cells: Int32Array
  /** Index of the first cell of a slot. */
  at(slot: number): number
  /** Tenths of a second since the process began, from 1: 0 says "never". They fit a cell for years. */
  tenths(): number
  /** Forgets all: the slot belongs to another target now. */
  reset(slot: number): void
  /** Gives back the trials of a dead thread. */
  releaseThread(thread: number): void
}

/** @param now by the steady clock, ms */
export function openHealth(
  { buffer, startedAt }: SharedHealth,
  now: () => number = steadyClock,
): HealthCells {
  const cells = new Int32Array(buffer)
  const tenths = () => Math.floor((now() - startedAt) / 100) + 1
  return {
    cells,
    tenths,
    at: (slot) => slot * stride,
    reset(slot) {
      for (let i = 0; i < stride; i++) Atomics.store(cells, slot * stride + i, 0)
      Atomics.store(cells, slot * stride + cell.since, tenths())
    },
    releaseThread(thread) {
      for (let slot = 0; slot < slotCapacity; slot++)
        Atomics.compareExchange(cells, slot * stride + cell.trial, thread + 1, 0)
    },
  }
}
