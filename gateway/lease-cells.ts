/** Where in the memory of limits (lease-memory.ts) what stands: the cells of a slot. */

export const KEY = 0 // 64 bits
export const STATE = 2
export const USED_AT = 3 // s
export const LEASES = 4 // two of WORD, SIZE, UNTIL
export const IS_BLOCKED = 10
export const BLOCKED_UNTIL = 11
export const REMAINING = 12 // a double
export const RESET_AT = 14 // a double
export const DEMAND = 16
export const ASKED_AT = 17
export const HELD = 18
export const HELD_UNTIL = 19
export const EPOCH = 20
export const FLYING = 21
export const SHARE = 22 // 64 bits
export const THREADS = 24

export const WORD = 0
export const SIZE = 1
export const UNTIL = 2

export const strideOf = (threads: number) => THREADS + threads + (threads % 2)

/** A slot as one thread found it; it may be given up meanwhile, so ask `isStill` before it is used. */
export interface Slot {
  readonly at: number
  readonly low: number
  readonly high: number
}
