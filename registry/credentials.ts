import type { z } from 'zod'
import { newId } from './base/ids.ts'
import { problem } from './base/problem.ts'
import { hashSecret, hintOf, newSecret } from './base/secrets.ts'
import { clientFaults, hasSecret, settingsOf } from './client-settings.ts'
import { commit, requireMatch, retried } from './commit.ts'
import { kinds } from './kinds.ts'
import {
  type Application,
  type Credential,
  CredentialInput,
  type CredentialSecret,
  CredentialUpdate,
} from './model.ts'
import { insertion, kept, replacement, type Steps } from './records.ts'
import { guarded } from './redis.ts'
import { forgetUses } from './secret-ends.ts'
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
import { endFamilies } from './token-families.ts'

export * from './identities.ts'

/** Live at a time: enough for any roll-out, few enough that a record stays small. */
const mostSecrets = 10

/** A credential and, this one time, its secret in clear. */
export interface Issued {
  readonly credential: Stored<Credential>
  /** '' where it proves itself by something else than a secret of ours. */
  readonly secret: string
}

/**
 * Issues a credential. Of an API key the secret is the key itself; of an OAuth client the credential’s id is the
 * client id and the secret the client secret. Only its keyed hash is kept.
 *
 * @param registration by what a client that registered itself is managed
 * @throws Problem `input-invalid` when it would have ended already, or its settings contradict one another
 * @throws Problem not-found, store-unavailable; then there is no credential, or nobody has its secret
 */
export async function createCredential(
  r: Registry,
  actor: Actor,
  applicationId: string,
  input: z.input<typeof CredentialInput>,
  registration: Credential['registration'] = null,
): Promise<Issued> {
  const { value: application } = await get(r, kinds.application, applicationId)
  const { credential, secret, ...steps } = issue(r, actor, application, input, registration)
  await commit(r, actor, steps)
  return { credential, secret }
}

/** The steps that issue a credential, for a commit together with others. @throws Problem input-invalid */
export function issue(
  r: Registry,
  actor: Actor,
  application: Pick<Application, 'id' | 'partnerId'>,
  input: z.input<typeof CredentialInput>,
  registration: Credential['registration'] = null,
): Issued & Steps {
  const fields = parseInput(CredentialInput, input)
  checkFields(r, fields)
  const { secret, records } = hasSecret(fields) ? newSecretFor(r, fields) : noSecret
  const { stored, ...steps } = insertion(r, kinds.credential, {
    ...kept(r, kinds.credential),
    ...fields,
    applicationId: application.id,
    partnerId: application.partnerId,
    createdBy: actor.id,
    revokedAt: null,
    tokensNotBefore: 0,
    registration,
    secrets: records,
  })
  return { credential: stored, secret, ...steps }
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
 * Changes all that may be changed of a credential, in all gateways at once. Where a client's profile, its way to
 * authenticate or what its tokens are bound to changes, tokens and authorizations from before end: they were got under
 * other rules. A client that authenticates otherwise than before loses its secrets; `rotateCredential` gives it new ones.
 *
 * @throws Problem `state-conflict` when it was revoked
 * @throws Problem not-found, precondition-failed, input-invalid, store-unavailable
 */
export async function updateCredential(
  r: Registry,
  actor: Actor,
  id: string,
  input: z.input<typeof CredentialUpdate>,
  ifMatch?: string,
): Promise<Stored<Credential>> {
  const { kind, environment, ...fields } = parseInput(CredentialUpdate, input)
  return retried(async () => {
    const before = await getCredential(r, id)
    requireMatch(ifMatch, before.etag)
    const { value } = before
    requireSame({ kind, environment }, value)
    if (value.revokedAt !== null)
      throw problem('state-conflict', { detail: 'It was revoked: issue a new one.' })
    checkFields(r, { ...fields, kind: value.kind }, value)
    const after = {
      ...value,
      ...fields,
      secrets: hasSecret({ ...fields, kind: value.kind }) ? value.secrets : [],
      tokensNotBefore: changesRules(value, fields) ? r.now() : value.tokensNotBefore,
    }
    const { stored, ...steps } = replacement(r, kinds.credential, before, after)
    await commit(r, actor, { ...steps, events: [{ kind: 'identity', credentialId: id }] })
    if (stored.value.tokensNotBefore !== value.tokensNotBefore) await clearFamilies(r, stored.value)
    return stored
  })
}

/**
 * Gives a credential a new secret. The ones before stay good for the overlap, so that a partner can change over
 * without a gap; 0 ends them at once, in all gateways. With `endTokens` the tokens got before end, too.
 *
 * @throws Problem `state-conflict` when it was revoked, has expired, or authenticates by something else than a secret
 * @throws Problem not-found, precondition-failed, input-invalid, store-unavailable
 */
export async function rotateCredential(
  r: Registry,
  actor: Actor,
  id: string,
  options: RotateOptions,
  ifMatch?: string,
): Promise<Issued> {
  if (options.endTokens && options.overlapSeconds > 0)
    throw problem('input-invalid', {
      errors: [
        {
          pointer: '/endTokens',
          detail: 'with an overlap the older secrets would get new ones: set it to 0',
        },
      ],
    })
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
    if (!hasSecret(value)) {
      const detail = `It authenticates by ${settingsOf(value).authentication}, and has no secret to rotate.`
      throw problem('state-conflict', { detail })
    }
    const end = now + options.overlapSeconds * 1000
    const overlapping = value.secrets
      .map((secret) => ({ ...secret, expiresAt: Math.min(secret.expiresAt ?? end, end) }))
      .filter((secret) => secret.expiresAt > now)
      .slice(0, mostSecrets - 1)
    const { secret, records } = newSecretFor(r, value)
    const tokensNotBefore = options.endTokens ? now : value.tokensNotBefore
    const after = { ...value, tokensNotBefore, secrets: [...records, ...overlapping] }
    const { stored, ...steps } = replacement(r, kinds.credential, before, after, 'rotate')
    const write = [...steps.write, ...forgetUses(r, value, after)]
    await commit(r, actor, { ...steps, write, events: [{ kind: 'identity', credentialId: id }] })
    if (options.endTokens) await clearFamilies(r, stored.value)
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
    const write = [...steps.write, ...forgetUses(r, before.value)]
    await commit(r, actor, { ...steps, write, events: [{ kind: 'identity', credentialId: id }] })
    return stored
  })
}

/**
 * Takes ended authorizations out of the lists. They are dead by the change that was made; should this fail, that must not
 * look undone: a new secret would be lost.
 */
async function clearFamilies(r: Registry, client: Credential): Promise<void> {
  await endFamilies(r, client).catch(() => {})
}

/** One command with 100,000 fields would hold up whoever sends it, and Redis, too. */
const touchedAtOnce = 500

/** Notes when credentials and secrets were last used (ms since the epoch), by their ids. Gateways do it every few seconds, not per call. */
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

/** When credentials or secrets were last used (ms since the epoch); those never used are not in it. @throws Problem store-unavailable */
export async function lastUsed(r: Registry, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map()
  const times = await guarded(r.redis.hmget(r.keys.lastUsed(), ...ids))
  return new Map(ids.flatMap((id, i) => (times[i] == null ? [] : [[id, Number(times[i])]])))
}

interface RotateOptions {
  readonly overlapSeconds: number
  /** Whether the access and refresh tokens got before end: for a secret that leaked. */
  readonly endTokens?: boolean
}

/** @param before the record that is changed: an end that stays as it was may lie in the past */
function checkFields(
  r: Registry,
  fields: Pick<CredentialInput, 'kind' | 'oauth' | 'expiresAt'>,
  before?: Credential,
): void {
  const errors = clientFaults(fields)
  const { expiresAt } = fields
  if (expiresAt !== null && expiresAt <= r.now() && expiresAt !== before?.expiresAt)
    errors.push({ pointer: '/expiresAt', detail: 'is not in the future' })
  if (errors.length > 0) throw problem('input-invalid', { errors })
}

/** What is given with the rest, as it was read, may not differ: it cannot change. */
function requireSame(
  given: { readonly [F in 'kind' | 'environment']: Credential[F] | undefined },
  value: Credential,
): void {
  const errors = (['kind', 'environment'] as const)
    .filter((name) => given[name] !== undefined && given[name] !== value[name])
    .map((name) => ({ pointer: `/${name}`, detail: `is ${value[name]}, and cannot change: make another` }))
  if (errors.length > 0) throw problem('input-invalid', { errors })
}

function changesRules(before: Credential, after: Pick<CredentialInput, 'oauth'>): boolean {
  if (before.kind !== 'oauth-client') return false
  const [a, b] = [settingsOf(before), settingsOf(after)]
  return (
    a.profile !== b.profile ||
    a.authentication !== b.authentication ||
    a.senderConstraint !== b.senderConstraint
  )
}

const noSecret = { secret: '', records: [] }

function newSecretFor(
  r: Registry,
  { kind, environment }: Pick<Credential, 'kind' | 'environment'>,
): { secret: string; records: CredentialSecret[] } {
  const secret = newSecret(kind === 'api-key' ? `api-key:${environment}` : `client-secret:${environment}`)
  return {
    secret,
    records: [
      {
        id: newId('sec'),
        hash: hashSecret(r.secrets.hashKey, secret),
        hint: hintOf(secret),
        createdAt: r.now(),
        expiresAt: null,
      },
    ],
  }
}
