import type { TargetView } from '../policy.ts'

/**
 * Picks the index of one of the targets marked as open, of which there is at least one.
 * Made once per upstream; may keep state between calls, allocates nothing in a call.
 */
export type Pick = (isOpen: Uint8Array) => number

export type Strategy = (targets: readonly TargetView[], random: () => number) => Pick
