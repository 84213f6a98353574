import type { Retry } from '../registry/upstream-health.ts'
import { budgetCells, type HealthCells } from './health-cells.ts'

/**
 * How many second tries an upstream bears: when all of it is failing, they would double the load of what is left. Counted
 * over all threads, beside the health of targets, in the slot that counts the upstream's calls in flight.
 *
 * The window is a ring of buckets of two seconds, the current one and five whole ones: all that happened in the last ten
 * seconds is in it, and nothing that is older than twelve. Two threads that begin a bucket in the same moment may lose
 * a count, as a mean would: no call hangs on it.
 */
export interface RetryBudget {
  /** A call begins. */
  countCall(): void
  /** Whether a call may be sent again. */
  take(cause: RetryCause): boolean
}

/** `unsent`: not a byte was sent, so nothing is repeated and no budget asked. `failed`: no answer came. */
export type RetryCause = 'unsent' | 'failed' | 'answered'
export type RetryOutcome = RetryCause | 'over-budget'

export interface RetryBudgetParts {
  readonly health: HealthCells
  readonly slot: number
  readonly settings: Pick<Retry, 'budgetPercent' | 'minimumPerSecond'>
  readonly observe: (outcome: RetryOutcome) => void
}

export const windowSeconds = 10
const bucketTenths = 20
const buckets = 6
/** Cells of a bucket: which one of all it is (counted from 1), calls, retries. */
const bucketCells = 3
const CALLS = 1
const RETRIES = 2

export function createRetryBudget({ health, slot, settings, observe }: RetryBudgetParts): RetryBudget {
  const { cells } = health
  const start = health.at(slot) + budgetCells
  const { budgetPercent, minimumPerSecond } = settings
  const numberNow = () => Math.floor(health.tenths() / bucketTenths) + 1

  /** @returns its first cell */
  function bucketOf(number: number): number {
    const at = start + (number % buckets) * bucketCells
    const found = Atomics.load(cells, at)
    if (found !== number && Atomics.compareExchange(cells, at, found, number) === found) {
      Atomics.store(cells, at + CALLS, 0)
      Atomics.store(cells, at + RETRIES, 0)
    }
    return at
  }

  /** Whether the retries of the window are no more than it bears. */
  function isWithin(number: number): boolean {
    let calls = 0
    let retries = 0
    for (let i = 0; i < buckets; i++) {
      const at = start + i * bucketCells
      if (number - Atomics.load(cells, at) >= buckets) continue
      calls += Atomics.load(cells, at + CALLS)
      retries += Atomics.load(cells, at + RETRIES)
    }
    return retries <= (calls * budgetPercent) / 100 + minimumPerSecond * windowSeconds
  }

  function takeCounted(): boolean {
    const number = numberNow()
    const at = bucketOf(number)
    // Taken first, then looked at: of two threads that take the last one, none goes beyond.
    Atomics.add(cells, at + RETRIES, 1)
    if (isWithin(number)) return true
    Atomics.sub(cells, at + RETRIES, 1)
    return false
  }

  return {
    countCall() {
      Atomics.add(cells, bucketOf(numberNow()) + CALLS, 1)
    },
    take(cause) {
      const isTaken = cause === 'unsent' || takeCounted()
      observe(isTaken ? cause : 'over-budget')
      return isTaken
    },
  }
}
