import { z } from 'zod'
import { hashSecret } from './base/secrets.ts'
import { Scope } from './model.ts'
import { keep, peek } from './one-time.ts'
import { guarded } from './redis.ts'
import { parseStored, type Registry, replies } from './store.ts'

/** Scopes that a person has allowed a client and need not be asked about again. */
export const RememberedConsent = z.strictObject({
  scopes: z.array(Scope),
  /** When the person chose so last, ms since the epoch; what a client was given before its `tokensNotBefore` is void. */
  since: z.int().default(0),
  /** ms since the epoch */
  until: z.int(),
})
export type RememberedConsent = z.infer<typeof RememberedConsent>

/** @returns undefined when nothing is remembered (any more). @throws Problem store-unavailable */
export async function findConsent(
  r: Registry,
  subject: string,
  clientId: string,
): Promise<RememberedConsent | undefined> {
  const json = await guarded(r.redis.hget(keyOf(r, subject), clientId))
  const consent = json === null ? undefined : parseStored(RememberedConsent, json, 'consent')
  return consent && consent.until > r.now() ? consent : undefined
}

/** In place of what was remembered for this person and client. @throws Problem store-unavailable */
export async function rememberConsent(
  r: Registry,
  subject: string,
  clientId: string,
  consent: RememberedConsent,
): Promise<void> {
  const key = keyOf(r, subject)
  const json = JSON.stringify(RememberedConsent.parse(consent))
  // All of a person under one key, which lives as long as the youngest may: each entry knows its own end besides.
  await replies(
    r.redis
      .multi()
      .hset(key, clientId, json)
      .pexpireat(key, consent.until, 'NX')
      .pexpireat(key, consent.until, 'GT')
      .exec(),
  )
}

/** The person is asked again next time. @throws Problem store-unavailable */
export async function forgetConsent(r: Registry, subject: string, clientId: string): Promise<void> {
  await guarded(r.redis.hdel(keyOf(r, subject), clientId))
}

/** Longer than a code lives, on any clock of ours. */
const withdrawnMs = 180_000

/**
 * Nothing that the person allowed this client up to now opens anything from here on: not what is remembered, and no code
 * that is out. What lives already is ended by its family; to be called before these are looked for.
 *
 * @throws Problem store-unavailable
 */
export async function withdraw(r: Registry, subject: string, clientId: string): Promise<void> {
  await forgetConsent(r, subject, clientId)
  await keep(r, 'withdrawn', `${clientId} ${subject}`, r.now(), withdrawnMs)
}

/** @returns up to when codes for this person and client are void, ms since the epoch. @throws Problem store-unavailable */
export async function withdrawnAt(r: Registry, subject: string, clientId: string): Promise<number> {
  return Number((await peek(r, 'withdrawn', `${clientId} ${subject}`)) ?? 0)
}

const keyOf = (r: Registry, subject: string) =>
  r.keys.consents(hashSecret(r.secrets.hashKey, `person ${subject}`))
