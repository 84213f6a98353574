import { hashSecret } from './base/secrets.ts'
import { guarded } from './redis.ts'
import type { Registry } from './store.ts'

/**
 * Things that may be used once, or within a time: codes, pushed requests, sessions, identifiers of proofs. Each is one
 * key that expires by itself, and each step on it one command of Redis, so it holds under any number of tries at the
 * same time and on a Cluster. What is presented is kept as a keyed hash only.
 */

export type OncePurpose =
  | 'code'
  | 'pushed-request'
  | 'refresh-token'
  | 'proof'
  | 'assertion'
  | 'session'
  | 'interaction'
  | 'upstream-login'
  | 'authorization-details'
  | 'registration-token'

/** Keeps a value under what will be presented for it. @throws Problem store-unavailable */
export async function keep(
  r: Registry,
  purpose: OncePurpose,
  presented: string,
  value: unknown,
  lifetimeMs: number,
): Promise<void> {
  await guarded(r.redis.set(keyOf(r, purpose, presented), JSON.stringify(value), 'PX', Math.ceil(lifetimeMs)))
}

/** Reads it, and leaves it there. @returns undefined when there is none. @throws Problem store-unavailable */
export async function peek(r: Registry, purpose: OncePurpose, presented: string): Promise<unknown> {
  return parsed(await guarded(r.redis.get(keyOf(r, purpose, presented))))
}

/** Reads it and takes it away: of any number of takers one gets it. @throws Problem store-unavailable */
export async function takeOnce(r: Registry, purpose: OncePurpose, presented: string): Promise<unknown> {
  return parsed(await guarded(r.redis.getdel(keyOf(r, purpose, presented))))
}

/**
 * Reads it and leaves a mark that it was used, until it would have expired.
 *
 * @returns its value to the first, 'spent' to whoever comes after, undefined when there is none
 * @throws Problem store-unavailable
 */
export async function spend(r: Registry, purpose: OncePurpose, presented: string): Promise<unknown> {
  const key = keyOf(r, purpose, presented)
  return parsed(await guarded(r.redis.set(key, JSON.stringify('spent'), 'KEEPTTL', 'GET', 'XX' as never)))
}

/** @returns whether it was presented for the first time within its life. @throws Problem store-unavailable */
export async function isFirst(
  r: Registry,
  purpose: OncePurpose,
  presented: string,
  lifetimeMs: number,
): Promise<boolean> {
  const key = keyOf(r, purpose, presented)
  return (await guarded(r.redis.set(key, '1', 'PX', Math.ceil(lifetimeMs), 'NX'))) === 'OK'
}

export async function forget(r: Registry, purpose: OncePurpose, presented: string): Promise<void> {
  await guarded(r.redis.del(keyOf(r, purpose, presented)))
}

const keyOf = (r: Registry, purpose: OncePurpose, presented: string) =>
  r.keys.once(purpose, hashSecret(r.secrets.hashKey, `${purpose} ${presented}`))

const parsed = (json: string | null): unknown => (json === null ? undefined : JSON.parse(json))
