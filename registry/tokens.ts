import { looksLikeJwt } from './base/jwt-form.ts'
import { problem } from './base/problem.ts'
import { hashSecret, looksLikeSecret, newSecret } from './base/secrets.ts'
import { announce } from './events.ts'
import { type NewTokenGrant, TokenGrant } from './model.ts'
import { guarded, isCluster } from './redis.ts'
import { parseStored, type Registry, replies } from './store.ts'
import { findFamily } from './token-families.ts'

/**
 * Issues an opaque access token and returns it once; its grant is kept under the token’s keyed hash until it ends.
 *
 * @throws Problem `state-conflict` when the grant has ended already
 * @throws Problem store-unavailable; then nobody has the token
 */
export async function issueToken(r: Registry, given: NewTokenGrant): Promise<string> {
  const token = newSecret(`access-token:${given.environment}`)
  await keepToken(r, given, token)
  return token
}

/** Keeps a grant under a token that was made elsewhere: a signed one. Throws as `issueToken` does. */
export async function keepToken(r: Registry, given: NewTokenGrant, token: string): Promise<void> {
  const grant = TokenGrant.parse(given)
  const now = r.now()
  if (grant.expiresAt <= now) throw problem('state-conflict', { detail: 'The grant has ended already.' })
  const hash = hashSecret(r.secrets.hashKey, token)
  const index = r.keys.tokensOf(grant.applicationId)
  const key = r.keys.token(hash)
  const lifetimeMs = grant.expiresAt - now
  if (Math.random() < pruneShare) await guarded(r.redis.zremrangebyscore(index, '-inf', now))
  // The index first: a hash in it that stands for nothing is seen through, a token in no list could not be found.
  if (isCluster(r.redis)) {
    await guarded(r.redis.zadd(index, grant.expiresAt, hash))
    await guarded(r.redis.set(key, JSON.stringify(grant), 'PX', lifetimeMs))
    return
  }
  const steps = r.redis.pipeline().zadd(index, grant.expiresAt, hash)
  await replies(steps.set(key, JSON.stringify(grant), 'PX', lifetimeMs).exec())
}

/** Entries of tokens that have expired are taken out of the index with every so many new ones. */
const pruneShare = 1 / 16

/**
 * What a token stands for. Costs nothing when the text has not the form of a token. Whether a signed one bears our
 * signature is not looked at: what we did not keep stands for nothing. Says nothing of whether its
 * credential is still live: see `findIdentityByToken`.
 *
 * @returns undefined when it is unknown, revoked or expired. @throws Problem store-unavailable
 */
export async function findToken(r: Registry, token: string): Promise<TokenGrant | undefined> {
  if (!isToken(token)) return undefined
  const json = await guarded(r.redis.get(keyOf(r, token)))
  const grant = json === null ? undefined : parseStored(TokenGrant, json, 'token')
  if (!grant || grant.expiresAt <= r.now()) return undefined
  for (const hash of grant.exchangedFor)
    if ((await guarded(r.redis.exists(r.keys.token(hash)))) === 0) return undefined
  return grant.familyId === null || (await findFamily(r, grant.familyId)) ? grant : undefined
}

/** Ends a token, in all gateways at once. @returns whether there was one. @throws Problem store-unavailable */
export async function revokeToken(r: Registry, token: string): Promise<boolean> {
  if (!isToken(token)) return false
  const key = keyOf(r, token)
  if ((await guarded(r.redis.exists(key))) === 0) return false
  // Token and events live in different slots, so this cannot be one step. Told before and after: if we die in
  // between, the caches are empty already; if a gateway looks it up in between, the second word clears it.
  const event = { kind: 'token', hash: hashSecret(r.secrets.hashKey, token) } as const
  await announce(r, event)
  await guarded(r.redis.del(key))
  await announce(r, event)
  return true
}

const isToken = (text: string) =>
  looksLikeSecret('access-token:live', text) ||
  looksLikeSecret('access-token:sandbox', text) ||
  looksLikeJwt(text)

const keyOf = (r: Registry, token: string) => r.keys.token(hashSecret(r.secrets.hashKey, token))
