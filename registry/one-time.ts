import { createHmac } from 'node:crypto'
import { seal, unseal } from './base/seal.ts'
import { hashSecret } from './base/secrets.ts'
import { guarded } from './redis.ts'
import type { Registry } from './store.ts'

/**
 * Things that may be used once, or within a time: codes, pushed requests, sessions, identifiers of proofs. Each is one
 * key that expires by itself, and each step on it one command of Redis, so it holds under any number of tries at the
 * same time and on a Cluster. What is presented is kept as a keyed hash only, and what tells of people, or could be used
 * by who reads it, is sealed with a key that comes of what is presented: the store alone opens nothing.
 */

export type OncePurpose =
  | 'code'
  | 'code-reuse'
  | 'pushed-request'
  | 'used-request'
  | 'refresh-token'
  | 'refresh-successor'
  | 'proof'
  | 'assertion'
  | 'session'
  | 'interaction'
  | 'second-factor'
  | 'sign-in-lock'
  | 'upstream-login'
  | 'authorization-details'
  | 'registration-token'
  | 'registration-uses'
  | 'withdrawn'
  | 'invitation'
  | 'password-reset'
  | 'session-idle'
  | 'session-confirmed'

const sealedPurposes: ReadonlySet<OncePurpose> = new Set(['session', 'second-factor', 'upstream-login'])

/** Keeps a value under what will be presented for it. @throws Problem store-unavailable */
export async function keep(
  r: Registry,
  purpose: OncePurpose,
  presented: string,
  value: unknown,
  lifetimeMs: number,
): Promise<void> {
  const json = JSON.stringify(value)
  const kept = sealedPurposes.has(purpose) ? sealed(r, purpose, presented, json) : json
  await guarded(r.redis.set(keyOf(r, purpose, presented), kept, 'PX', Math.ceil(lifetimeMs)))
}

/** Reads it, and leaves it there. @returns undefined when there is none. @throws Problem store-unavailable */
export async function peek(r: Registry, purpose: OncePurpose, presented: string): Promise<unknown> {
  return opened(r, purpose, presented, await guarded(r.redis.get(keyOf(r, purpose, presented))))
}

/** Reads it, and lets it live for so long from now. @returns undefined when there is none. @throws Problem store-unavailable */
export async function renew(
  r: Registry,
  purpose: OncePurpose,
  presented: string,
  lifetimeMs: number,
): Promise<unknown> {
  const kept = await guarded(r.redis.getex(keyOf(r, purpose, presented), 'PX', Math.ceil(lifetimeMs)))
  return opened(r, purpose, presented, kept)
}

/** Reads it and takes it away: of any number of takers one gets it. @throws Problem store-unavailable */
export async function takeOnce(r: Registry, purpose: OncePurpose, presented: string): Promise<unknown> {
  return opened(r, purpose, presented, await guarded(r.redis.getdel(keyOf(r, purpose, presented))))
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

/**
 * Keeps a value unless there is one already. What was kept first stays, so all who come get the same.
 *
 * @returns what is kept, and whether it is what was given here. @throws Problem store-unavailable
 */
export async function keepFirst(
  r: Registry,
  purpose: OncePurpose,
  presented: string,
  value: unknown,
  lifetimeMs: number,
): Promise<{ value: unknown; isOurs: boolean }> {
  const key = keyOf(r, purpose, presented)
  const json = JSON.stringify(value)
  const isOurs = (await guarded(r.redis.set(key, json, 'PX', Math.ceil(lifetimeMs), 'NX'))) === 'OK'
  return { value: isOurs ? value : parsed(await guarded(r.redis.get(key))), isOurs }
}

export async function forget(r: Registry, purpose: OncePurpose, presented: string): Promise<void> {
  await guarded(r.redis.del(keyOf(r, purpose, presented)))
}

const keyOf = (r: Registry, purpose: OncePurpose, presented: string) =>
  r.keys.once(purpose, hashSecret(r.secrets.hashKey, `${purpose} ${presented}`))

const ringOf = (r: Registry, purpose: OncePurpose, presented: string) => [
  {
    id: 'once',
    key: createHmac('sha256', r.secrets.hashKey).update(`seal ${purpose} ${presented}`).digest(),
  },
]

const sealed = (r: Registry, purpose: OncePurpose, presented: string, json: string) =>
  seal(ringOf(r, purpose, presented), json, keyOf(r, purpose, presented))

/** What does not open was not put there by us under these settings, and is as good as not there. */
function opened(r: Registry, purpose: OncePurpose, presented: string, kept: string | null): unknown {
  if (kept === null || !sealedPurposes.has(purpose)) return parsed(kept)
  try {
    return parsed(unseal(ringOf(r, purpose, presented), kept, keyOf(r, purpose, presented)))
  } catch {
    return undefined
  }
}

const parsed = (json: string | null): unknown => (json === null ? undefined : JSON.parse(json))

/** All of the above on one registry, for those who are handed capabilities. */
export function createOnce(r: Registry): Once {
  return {
    keep: (...given) => keep(r, ...given),
    peek: (...given) => peek(r, ...given),
    renew: (...given) => renew(r, ...given),
    take: (...given) => takeOnce(r, ...given),
    spend: (...given) => spend(r, ...given),
    isFirst: (...given) => isFirst(r, ...given),
    keepFirst: (...given) => keepFirst(r, ...given),
    forget: (...given) => forget(r, ...given),
  }
}

/** See the functions of the same names; `take` is `takeOnce`. Each may throw Problem store-unavailable. */
export interface Once {
  keep(purpose: OncePurpose, presented: string, value: unknown, lifetimeMs: number): Promise<void>
  peek(purpose: OncePurpose, presented: string): Promise<unknown>
  renew(purpose: OncePurpose, presented: string, lifetimeMs: number): Promise<unknown>
  take(purpose: OncePurpose, presented: string): Promise<unknown>
  spend(purpose: OncePurpose, presented: string): Promise<unknown>
  isFirst(purpose: OncePurpose, presented: string, lifetimeMs: number): Promise<boolean>
  keepFirst(
    purpose: OncePurpose,
    presented: string,
    value: unknown,
    lifetimeMs: number,
  ): Promise<{ value: unknown; isOurs: boolean }>
  forget(purpose: OncePurpose, presented: string): Promise<void>
}
