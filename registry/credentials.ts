import type { z } from 'zod'
import { newId } from './base/ids.ts'
import { problem } from './base/problem.ts'
import { hashSecret, hintOf, newSecret } from './base/secrets.ts'
import { commit, requireMatch, retried } from './commit.ts'
import { kinds } from './kinds.ts'
import { type Credential, CredentialInput, type CredentialSecret } from './model.ts'
import type { ClientSettings } from './oauth-model.ts'
import { faultsOfSettings } from './oauth-profiles.ts'
import { insertion, kept, replacement } from './records.ts'
import { guarded } from './redis.ts'
import {
  type Actor,
  get,
  type ListOptions,
  list,
  type Page,
  parseInput,
  type Registry,
  type Stored,
} from './store.ts'

export * from './identities.ts'

/** Live at a time: enough for any roll-out, few enough that a record stays small. */
const mostSecrets = 10

/** A credential and, this one time, its secret in clear. */
export interface Issued {
  readonly credential: Stored<Credential>
  readonly secret: string
}

/**
 * Issues a credential. Of an API key the secret is the key itself; of an OAuth client the credential’s id is the
 * client id and the secret the client secret. Only its keyed hash is kept.
 *
 * @throws Problem `input-invalid` when it would have ended already, or OAuth settings contradict each other
 * @throws Problem not-found, store-unavailable; then there is no credential, or nobody has its secret
 */
export async function createCredential(
  r: Registry,
  actor: Actor,
  applicationId: string,
  input: z.input<typeof CredentialInput>,
): Promise<Issued> {
  const fields = parseInput(CredentialInput, input)
  if (fields.expiresAt !== null && fields.expiresAt <= r.now())
    throw problem('input-invalid', { errors: [{ pointer: '/expiresAt', detail: 'is not in the future' }] })
  if (fields.oauth !== null) requireSettings(fields.kind, fields.oauth)
  const application = await get(r, kinds.application, applicationId)
  const { secret, record } = newSecretFor(r, fields)
  const { stored, ...steps } = insertion(r, kinds.credential, {
    ...kept(r, kinds.credential),
    ...fields,
    applicationId,
    partnerId: application.value.partnerId,
    revokedAt: null,
    tokensNotBefore: 0,
    secrets: [record],
  })
  await commit(r, actor, steps)
  return { credential: stored, secret }
}

/**
 * What a client is let do must agree with its profile: all that writes settings passes here.
 *
 * @throws Problem input-invalid naming each thing that is wrong
 */
export function requireSettings(kind: Credential['kind'], settings: ClientSettings): void {
  const faults =
    kind === 'oauth-client'
      ? faultsOfSettings(settings)
      : [{ pointer: '', detail: 'is for OAuth clients: leave it out for an API key' }]
  if (faults.length === 0) return
  throw problem('input-invalid', {
    errors: faults.map(({ pointer, detail }) => ({ pointer: `/oauth${pointer}`, detail })),
  })
}

/** @throws Problem not-found, store-unavailable */
export async function getCredential(r: Registry, id: string): Promise<Stored<Credential>> {
  return get(r, kinds.credential, id)
}

/** One page of the credentials of an application, or of all, oldest first. @throws Problem store-unavailable */
export async function listCredentials(
  r: Registry,
  applicationId?: string,
  options?: ListOptions<Credential>,
): Promise<Page<Credential>> {
  return list(r, kinds.credential, options, applicationId)
}

/**
 * Gives a credential a new secret. The ones before stay good for the overlap, so that a partner can change over
 * without a gap; 0 ends them at once, in all gateways.
 *
 * @throws Problem `state-conflict` when it was revoked or has expired
 * @throws Problem not-found, precondition-failed, input-invalid, store-unavailable
 */
export async function rotateCredential(
  r: Registry,
  actor: Actor,
  id: string,
  options: { overlapSeconds: number },
  ifMatch?: string,
): Promise<Issued> {
  if (!Number.isSafeInteger(options.overlapSeconds) || options.overlapSeconds < 0)
    throw problem('input-invalid', {
      errors: [{ pointer: '/overlapSeconds', detail: 'is not a whole number from 0' }],
    })
  return retried(async () => {
    const before = await getCredential(r, id)
    requireMatch(ifMatch, before.etag)
    const { value } = before
    const now = r.now()
    if (value.revokedAt !== null)
      throw problem('state-conflict', { detail: 'It was revoked: issue a new one.' })
    if (value.expiresAt !== null && value.expiresAt <= now)
      throw problem('state-conflict', { detail: 'It has expired: issue a new one.' })
    const end = now + options.overlapSeconds * 1000
    const overlapping = value.secrets
      .map((secret) => ({ ...secret, expiresAt: Math.min(secret.expiresAt ?? end, end) }))
      .filter((secret) => secret.expiresAt > now)
      .slice(0, mostSecrets - 1)
    const { secret, record } = newSecretFor(r, value)
    const after = { ...value, secrets: [record, ...overlapping] }
    const { stored, ...steps } = replacement(r, kinds.credential, before, after, 'rotate')
    await commit(r, actor, { ...steps, events: [{ kind: 'identity', credentialId: id }] })
    return { credential: stored, secret }
  })
}

/**
 * Ends a credential with all its secrets and tokens, in all gateways at once. Doing it twice changes nothing.
 *
 * @throws Problem not-found, precondition-failed, store-unavailable
 */
export async function revokeCredential(
  r: Registry,
  actor: Actor,
  id: string,
  ifMatch?: string,
): Promise<Stored<Credential>> {
  return retried(async () => {
    const before = await getCredential(r, id)
    requireMatch(ifMatch, before.etag)
    if (before.value.revokedAt !== null) return before
    const after = { ...before.value, revokedAt: r.now(), secrets: [] }
    const { stored, ...steps } = replacement(r, kinds.credential, before, after, 'revoke')
    await commit(r, actor, { ...steps, events: [{ kind: 'identity', credentialId: id }] })
    return stored
  })
}

/** One command with 100,000 fields would hold up whoever sends it, and Redis, too. */
const touchedAtOnce = 500

/** Notes when credentials were last used (ms since the epoch). Gateways do it every few seconds, not per call. */
export async function touchCredentials(r: Registry, usedAt: ReadonlyMap<string, number>): Promise<void> {
  let part = new Map<string, number>()
  for (const [id, at] of usedAt) {
    part.set(id, at)
    if (part.size < touchedAtOnce) continue
    await guarded(r.redis.hset(r.keys.lastUsed(), part))
    part = new Map()
  }
  if (part.size > 0) await guarded(r.redis.hset(r.keys.lastUsed(), part))
}

/** When credentials were last used (ms since the epoch); those never used are not in it. @throws Problem store-unavailable */
export async function lastUsed(r: Registry, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map()
  const times = await guarded(r.redis.hmget(r.keys.lastUsed(), ...ids))
  return new Map(ids.flatMap((id, i) => (times[i] == null ? [] : [[id, Number(times[i])]])))
}

function newSecretFor(
  r: Registry,
  { kind, environment }: Pick<Credential, 'kind' | 'environment'>,
): { secret: string; record: CredentialSecret } {
  const secret = newSecret(kind === 'api-key' ? `api-key:${environment}` : `client-secret:${environment}`)
  return {
    secret,
    record: {
      id: newId('sec'),
      hash: hashSecret(r.secrets.hashKey, secret),
      hint: hintOf(secret),
      createdAt: r.now(),
      expiresAt: null,
    },
  }
}
