import type { HashOn } from '../../registry/model.ts'
import type { Exchange, TargetView } from '../policy.ts'

/** What a strategy picks from. The arrays go by the targets' places; the chooser refreshes them before each choice. */
export interface Fleet {
  readonly targets: readonly TargetView[]
  /** 1 where the target may be picked. */
  readonly isOpen: Uint8Array
  /** Weights as slow start has them now, above 0. Of those that are open; the others' are stale. */
  readonly weights: Float64Array
}

/** Picks the place of an open target, of which there is at least one. Allocates nothing. */
export type Pick = (x: Exchange) => number

/** Made once per upstream; may keep state between calls. */
export type Strategy = (fleet: Fleet, random: () => number, hashOn: HashOn) => Pick
