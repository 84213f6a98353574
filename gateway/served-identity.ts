import type { Identity } from '../policies/policy.ts'

/**
 * A caller with what is kept of it from call to call. That stands on the identity itself: a table beside it costs every
 * call several more reads of memory, which with 100,000 credentials is in no cache of the processor, and the collector
 * has to go through it.
 */
export interface ServedIdentity extends Identity {
  /** Its fields in a line of the access log. */
  line: string | undefined
  /** ms since the epoch; `untold` once that was told to the registry. */
  calledAt: number
}

/** A fraction, so that the field has room for a time from the start, and is written in place. */
export const untold = -0.5
