import { hash, randomBytes } from 'node:crypto'
import { steadyClock } from '../registry/base/clock.ts'
import {
  ASKED_AT,
  BLOCKED_UNTIL,
  DEMAND,
  FLYING,
  HELD,
  IS_BLOCKED,
  KEY,
  LEASES,
  REMAINING,
  RESET_AT,
  SHARE,
  SIZE,
  type Slot,
  STATE,
  strideOf,
  THREADS,
  UNTIL,
  USED_AT,
  WORD,
} from './lease-cells.ts'
import { viewFlights } from './lease-flight-cells.ts'

/**
 * The memory of limits that all threads of a gateway share: for each key a slot with the tokens that were taken ahead,
 * until when nothing is to be had, and calls in flight.
 *
 * Nothing here locks: a thread may end at any instruction. A slot is found by a keyed hash, so that no caller can choose
 * what to collide with. Times are ms of the steady clock since the start, cut to 32 bits and compared by difference.
 */
export interface LeaseMemory {
  readonly buffer: SharedArrayBuffer
  readonly threads: number
  /** Name under which calls in flight are booked; new with each start, so that those of a dead process expire. */
  readonly holder: string
  readonly seed: string
  /** By the steady clock, ms. */
  readonly startedAt: number
}

const bucketCount = 8_192
const ways = 8
const headerCells = 8
const NODES = 0

// A slot without a key that is given up is not used anew before two sweeps: whoever had found it has long gone on.
const IN_USE = 0
const LEAVING = 1
const LEFT = 2

/** Of the word of a lease: tokens, and how often the lease was filled, so that two fillings are never mixed up. */
const tokenBits = 22
const tokenMask = (1 << tokenBits) - 1
const FILLING = tokenMask
/** After so long its owner will not come for it any more. ms */
const forsakenMs = 2_000
const idleSeconds = 60

export function createLeaseMemory(threads: number): LeaseMemory {
  const slots = bucketCount * ways
  return {
    buffer: new SharedArrayBuffer((headerCells + slots * strideOf(threads)) * 4),
    threads,
    holder: randomBytes(9).toString('base64url'),
    seed: randomBytes(16).toString('base64url'),
    startedAt: steadyClock(),
  }
}

export interface Filled {
  readonly cell: number
  readonly generation: number
}

export type LeaseView = ReturnType<typeof viewLeaseMemory>

/** @param thread number of the thread that looks; its calls in flight are booked under it */
export function viewLeaseMemory(memory: LeaseMemory, thread: number) {
  const cells = new Int32Array(memory.buffer)
  const wide = new BigInt64Array(memory.buffer)
  const doubles = new Float64Array(memory.buffer)
  const stride = strideOf(memory.threads)
  const now = () => steadyClock() - memory.startedAt
  const baseOf = (slot: number) => headerCells + slot * stride
  const msUntil = (at: number, nowMs: number) => (at - nowMs) | 0

  /** The slot of a key, a new one where there is none; undefined when there is no room. */
  function find(key: string): Slot | undefined {
    const digest = hash('sha256', memory.seed + key, 'buffer')
    const id = digest.readBigInt64LE(0) || 1n
    const first = (digest.readUInt32LE(8) % bucketCount) * ways
    const found = (at: number): Slot => ({ at, low: cells[at + KEY]!, high: cells[at + KEY + 1]! })
    for (let way = 0; way < ways; way++) {
      const at = baseOf(first + way)
      if (Atomics.load(wide, (at + KEY) / 2) === id) return found(at)
    }
    // All threads try the same places in the same order: who comes second finds what the first has made.
    for (let way = 0; way < ways; way++) {
      const at = baseOf(first + way)
      if (Atomics.load(cells, at + STATE) !== IN_USE) continue
      if (Atomics.load(wide, (at + KEY) / 2) === 0n) Atomics.store(cells, at + USED_AT, seconds(now()))
      const before = Atomics.compareExchange(wide, (at + KEY) / 2, 0n, id)
      if (before === id) return found(at)
      if (before !== 0n) continue
      if (Atomics.load(cells, at + STATE) === IN_USE) return found(at)
      Atomics.store(wide, (at + KEY) / 2, 0n) // it was just being given up
    }
    return undefined
  }

  const seconds = (nowMs: number) => Math.floor(nowMs / 1000)

  /** Takes a free lease of the slot, of which there are two. @returns undefined when both are in use */
  function fill({ at }: Slot, tokens: number, untilMs: number, nowMs: number): Filled | undefined {
    for (let cell = LEASES; cell < LEASES + 6; cell += 3) {
      const word = Atomics.load(cells, at + cell + WORD)
      const left = word & tokenMask
      const isForsaken = left !== FILLING && msUntil(cells[at + cell + UNTIL]! + forsakenMs, nowMs) < 0
      if (left !== 0 && !isForsaken) continue
      const generation = ((word >>> tokenBits) + 1) & 0x3ff
      const filling = (generation << tokenBits) | FILLING
      if (Atomics.compareExchange(cells, at + cell + WORD, word, filling) !== word) continue
      Atomics.store(cells, at + cell + SIZE, tokens)
      Atomics.store(cells, at + cell + UNTIL, untilMs | 0)
      Atomics.store(cells, at + cell + WORD, (generation << tokenBits) | tokens)
      return { cell, generation }
    }
    return undefined
  }

  /** Tokens left and size of the lease that was spent from last. */
  let lastLeft = 0
  let lastSize = 0

  function spendFrom(at: number, cell: number, nowMs: number): number {
    for (;;) {
      const word = Atomics.load(cells, at + cell + WORD)
      const left = word & tokenMask
      if (left === 0 || left === FILLING || msUntil(Atomics.load(cells, at + cell + UNTIL), nowMs) <= 0)
        return 0
      const size = cells[at + cell + SIZE]!
      if (Atomics.compareExchange(cells, at + cell + WORD, word, word - 1) !== word) continue
      lastLeft = left - 1
      lastSize = size
      return (word >>> tokenBits) * 16 + cell
    }
  }

  return {
    now,
    find,
    fill,
    nodes: () => Atomics.load(cells, NODES),
    setNodes: (count: number) => void Atomics.store(cells, NODES, count),
    isStill: ({ at, low, high }: Slot) => cells[at + KEY] === low && cells[at + KEY + 1] === high,
    touch({ at }: Slot, nowMs: number) {
      const second = seconds(nowMs)
      if (cells[at + USED_AT] !== second) Atomics.store(cells, at + USED_AT, second)
    },

    /** Spends one token, of the lease that ends first. @returns which lease it was, for `unspend`; 0 when there is none */
    spend({ at }: Slot, nowMs: number): number {
      const second = LEASES + 3
      const isFirstLater = ((cells[at + LEASES + UNTIL]! - cells[at + second + UNTIL]!) | 0) > 0
      const [one, other] = isFirstLater ? [second, LEASES] : [LEASES, second]
      return spendFrom(at, one, nowMs) || spendFrom(at, other, nowMs)
    },
    /** Puts a token back that was spent a moment ago, unless its lease is over. */
    unspend({ at }: Slot, spent: number, nowMs: number) {
      const cell = spent & 15
      for (;;) {
        const word = Atomics.load(cells, at + cell + WORD)
        const isSame = word >>> tokenBits === spent >>> 4 && (word & tokenMask) !== FILLING
        if (!isSame || msUntil(cells[at + cell + UNTIL]!, nowMs) <= 0) return
        if (Atomics.compareExchange(cells, at + cell + WORD, word, word + 1) === word) return
      }
    },
    /** Whether what was just spent left a quarter of its lease: time to ask for the next. */
    isNearlySpent: () => lastLeft === lastSize >> 2,
    /** Tokens left that may be spent. */
    left({ at }: Slot, nowMs: number): number {
      let sum = 0
      for (let cell = at + LEASES; cell < at + LEASES + 6; cell += 3) {
        const left = cells[cell + WORD]! & tokenMask
        if (left !== FILLING && left !== 0 && msUntil(cells[cell + UNTIL]!, nowMs) > 0) sum += left
      }
      return sum
    },
    /** Empties a lease that this thread filled. @returns what was not spent */
    collect({ at }: Slot, { cell, generation }: Filled): number {
      for (;;) {
        const word = Atomics.load(cells, at + cell + WORD)
        const left = word & tokenMask
        if (word >>> tokenBits !== generation || left === 0 || left === FILLING) return 0
        if (Atomics.compareExchange(cells, at + cell + WORD, word, generation << tokenBits) === word)
          return left
      }
    },

    block({ at }: Slot, untilMs: number) {
      Atomics.store(cells, at + BLOCKED_UNTIL, untilMs | 0)
      Atomics.store(cells, at + IS_BLOCKED, 1)
    },
    unblock: ({ at }: Slot) => void Atomics.store(cells, at + IS_BLOCKED, 0),
    /** ms for which nothing is to be had; 0: who knows. */
    blockedMs({ at }: Slot, nowMs: number): number {
      if (cells[at + IS_BLOCKED] === 0) return 0
      const ms = msUntil(Atomics.load(cells, at + BLOCKED_UNTIL), nowMs)
      if (ms > 0) return ms
      Atomics.store(cells, at + IS_BLOCKED, 0)
      return 0
    },

    /** What the store said last. */
    tell({ at }: Slot, remaining: number, resetAt: number) {
      doubles[(at + REMAINING) / 2] = remaining
      doubles[(at + RESET_AT) / 2] = resetAt
    },
    remaining: ({ at }: Slot) => doubles[(at + REMAINING) / 2]!,
    resetAt: ({ at }: Slot) => doubles[(at + RESET_AT) / 2]!,
    demand: ({ at }: Slot) => Math.max(1, cells[at + DEMAND]!),
    setDemand: ({ at }: Slot, demand: number) => void Atomics.store(cells, at + DEMAND, demand),
    /** ms since the store was last asked, and from now on since now. */
    asked({ at }: Slot, nowMs: number): number {
      const before = Atomics.exchange(cells, at + ASKED_AT, nowMs | 0 || 1)
      return before === 0 ? Number.POSITIVE_INFINITY : (nowMs - before) | 0
    },

    ...viewFlights(cells, thread, now),

    /**
     * While the store is away: a share of the limit, counted here. @returns ms to wait; 0: it was taken
     * @param burst calls at once
     */
    share({ at }: Slot, stepMs: number, burst: number, nowMs: number): number {
      const nowNs = BigInt(Math.floor(nowMs * 1e6))
      const stepNs = BigInt(Math.ceil(stepMs * 1e6))
      for (;;) {
        const before = Atomics.load(wide, (at + SHARE) / 2)
        const next = (before > nowNs ? before : nowNs) + stepNs
        const over = next - nowNs - stepNs * BigInt(burst)
        if (over > 0n) return Math.max(1, Math.ceil(Number(over) / 1e6))
        if (Atomics.compareExchange(wide, (at + SHARE) / 2, before, next) === before) return 0
      }
    },

    /** Lets go of slots that nobody used for long. Only the main thread does, every second or so. */
    sweep() {
      const second = seconds(now())
      for (let slot = 0; slot < bucketCount * ways; slot++) {
        const at = baseOf(slot)
        const state = cells[at + STATE]
        if (state === LEFT) {
          cells.fill(0, at + USED_AT, at + stride)
          Atomics.store(cells, at + STATE, IN_USE)
        } else if (state === LEAVING) Atomics.store(cells, at + STATE, LEFT)
        else if (
          (cells[at + KEY] !== 0 || cells[at + KEY + 1] !== 0) &&
          second - cells[at + USED_AT]! > idleSeconds &&
          Atomics.load(cells, at + FLYING) === 0 &&
          Atomics.load(cells, at + HELD) === 0
        ) {
          Atomics.store(cells, at + STATE, LEAVING)
          Atomics.store(wide, (at + KEY) / 2, 0n)
        }
      }
    },
    /** Gives back what a dead thread had in flight. */
    releaseThread(dead: number) {
      for (let slot = 0; slot < bucketCount * ways; slot++) {
        const at = baseOf(slot)
        const flying = Atomics.exchange(cells, at + THREADS + dead, 0)
        if (flying !== 0) Atomics.sub(cells, at + FLYING, flying)
      }
    },
  }
}
