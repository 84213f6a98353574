import { useSyncExternalStore } from 'react'

/**
 * The key or token that calls are tried with. It is in the memory of this page and nowhere else: not in an address,
 * not in storage; it is gone with the page.
 */
export interface Held {
  readonly kind: 'api-key' | 'token'
  readonly secret: string
}

let held: Held = { kind: 'api-key', secret: '' }
const listeners = new Set<() => void>()

export function hold(next: Held): void {
  held = next
  for (const listener of listeners) listener()
}

export const useHeld = (): Held =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => held,
  )

/** Which world a secret belongs to, as its first letters say; undefined of what is none of ours. */
export function environmentOf(secret: string): 'sandbox' | 'live' | undefined {
  const [, word] = /^pg[kt]_(test|live)_/.exec(secret) ?? []
  if (word === undefined) return undefined
  return word === 'live' ? 'live' : 'sandbox'
}
