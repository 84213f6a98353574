import { createHmac, hkdfSync } from 'node:crypto'
import { isSameSecret } from '../../registry/base/secrets.ts'

/**
 * Nonces for DPoP (RFC 9449 §8) that nobody has to remember: a keyed hash of the time slot they were given out in. All
 * threads and gateways give the same, and take each other's.
 */
export interface Nonces {
  /** @param now ms since the epoch */
  current(now: number): string
  /** Whether it is of this slot, the one before, or the next: clocks of gateways differ a little. */
  isFresh(nonce: string, now: number): boolean
}

/** A nonce is good for one to two of these. ms */
const slotMs = 120_000

/** @param secret of the platform; a key of its own is derived from it */
export function createNonces(secret: Uint8Array): Nonces {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'dpop-nonce', 32))
  const made = new Map<number, string>()

  function nonceOf(slot: number): string {
    let nonce = made.get(slot)
    if (nonce === undefined) {
      nonce = createHmac('sha256', key).update(String(slot)).digest('base64url').slice(0, 32)
      for (const old of made.keys()) if (Math.abs(old - slot) > 3) made.delete(old)
      made.set(slot, nonce)
    }
    return nonce
  }

  return {
    current: (now) => nonceOf(slotOf(now)),
    isFresh(nonce, now) {
      const slot = slotOf(now)
      return [slot, slot - 1, slot + 1].some((one) => isSameSecret(nonceOf(one), nonce))
    },
  }
}

const slotOf = (now: number) => Math.floor(now / slotMs)
