import type { HashOn } from '../../registry/model.ts'
import type { Exchange } from '../policy.ts'
import type { Strategy } from './strategy.ts'

/**
 * Rendezvous hashing, weighted: each target draws a lot from the key and its own id, and the highest wins. Every thread
 * and gateway comes to the same answer without a word. When a target leaves, only its keys move, each to the target that
 * came second for it; when it comes back, they return.
 */
export const hash: Strategy = ({ targets, isOpen, weights }, _random, hashOn) => {
  const seeds = targets.map(({ id }) => hashOf(id))
  const keyOf = keyBy(hashOn)
  return (x) => {
    const key = hashOf(keyOf(x))
    let best = -1
    let bestLot = -1
    for (let i = 0; i < seeds.length; i++) {
      if (isOpen[i] === 0) continue
      const lot = weights[i]! / -Math.log((mixed(key ^ seeds[i]!) + 0.5) / 2 ** 32)
      if (lot <= bestLot) continue
      bestLot = lot
      best = i
    }
    return best
  }
}

/** Where the call lacks what is hashed, its address stands in: such calls must not all meet on one target. */
function keyBy(hashOn: HashOn): (x: Exchange) => string {
  switch (hashOn.by) {
    case 'partner':
      return ({ identity, request }) => identity?.partnerId ?? request.ip
    case 'application':
      return ({ identity, request }) => identity?.applicationId ?? request.ip
    case 'address':
      return ({ request }) => request.ip
    case 'header': {
      const { header } = hashOn
      return ({ request }) => request.headers[header]?.toString() || request.ip
    }
  }
}

/** FNV-1a over the characters. */
function hashOf(text: string): number {
  let state = 0x811c9dc5
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193)
  return state
}

/** Spreads every bit over all 32 (the finalizer of MurmurHash3), unsigned. */
function mixed(bits: number): number {
  let h = bits
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
