import type { Exchange, Identity } from '../policy.ts'

/** One way to prove who calls. */
export interface Method {
  /** What a 401 says of this method (RFC 9110 §11.6.1). */
  challenge(x: Exchange): string
  /**
   * @returns undefined, at once, when the request carries nothing of this method: the next one is asked
   * @throws Problem when it does, and it is bad
   */
  identify(x: Exchange): Identity | undefined | Promise<Identity>
}

export function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | undefined)?.then === 'function'
}
