import { z } from 'zod'
import { activeSubscriptions } from './active-subscriptions.ts'
import { problem } from './base/problem.ts'
import { hashSecret, looksLikeSecret, newSecret } from './base/secrets.ts'
import { hasSecret, settingsOf } from './client-settings.ts'
import { commit, retried } from './commit.ts'
import { createCredential, rotateCredential, updateCredential } from './credentials.ts'
import { kinds } from './kinds.ts'
import { type Credential, type CredentialInput, CredentialUpdate, Environment, Scope } from './model.ts'
import { AuthorizationDetailsType, ClientProfile } from './oauth-model.ts'
import { keep, peek } from './one-time.ts'
import { replacement } from './records.ts'
import { guarded } from './redis.ts'
import { type Actor, allIds, find, get, parseInput, type Registry } from './store.ts'

/**
 * Clients that partners register themselves (RFC 7591, RFC 7592). What opens the door is an initial access token, made
 * for one application; what was registered is managed by a token of its own. Of both only keyed hashes are kept.
 */

/** What an initial access token lets register. */
export const RegistrationTokenInput = z.strictObject({
  environment: Environment,
  profile: ClientProfile.default('standard').describe('What every client registered with it is held to.'),
  scopes: z
    .array(Scope)
    .max(200)
    .nullable()
    .default(null)
    .describe('Most that a client may register for; `null`: all scopes of the application.'),
  authorizationDetailsTypes: z
    .array(AuthorizationDetailsType)
    .default([])
    .describe(
      'Types of `authorization_details` that a client may register for, such as `payment_initiation`.',
    ),
  uses: z.int().min(1).max(1_000).default(1).describe('How many clients may be registered with it.'),
  lifetimeSeconds: z.int().min(60).max(7_776_000).default(86_400).describe('How long it can be used.'),
})
export type RegistrationTokenInput = z.infer<typeof RegistrationTokenInput>

const InitialAccess = z.object({
  applicationId: z.string(),
  environment: Environment,
  profile: ClientProfile,
  scopes: z.array(z.string()).nullable().default(null),
  authorizationDetailsTypes: z.array(AuthorizationDetailsType).default([]),
})
export type InitialAccess = z.infer<typeof InitialAccess>

/** Who is told in the audit. */
const registrar: Actor = { id: 'client-registration' }

/** Makes an initial access token, and tells it this once. @throws Problem not-found, input-invalid, store-unavailable */
export async function createRegistrationToken(
  r: Registry,
  actor: Actor,
  applicationId: string,
  input: z.input<typeof RegistrationTokenInput>,
): Promise<{ readonly token: string; readonly expiresAt: number }> {
  const { uses, lifetimeSeconds, ...access } = parseInput(RegistrationTokenInput, input)
  await get(r, kinds.application, applicationId)
  const token = newSecret('registration-token')
  const lifetimeMs = lifetimeSeconds * 1000
  // The count first, and longer: a token without one would be good for nothing.
  await guarded(r.redis.set(usesKey(r, token), uses, 'PX', lifetimeMs + 60_000))
  await keep(r, 'registration-token', token, { applicationId, ...access }, lifetimeMs)
  const expiresAt = r.now() + lifetimeMs
  const after = { ...access, uses, expiresAt }
  const entry = { action: 'create', noun: 'registration-token', subject: applicationId, before: null, after }
  await commit(r, actor, { expect: [], write: [], audit: [entry] })
  return { token, expiresAt }
}

/** @returns undefined when it is unknown, has ended, or its application is suspended; whether it has a use left, tells `registerClient` */
export async function findInitialAccess(r: Registry, token: string): Promise<InitialAccess | undefined> {
  if (!looksLikeSecret('registration-token', token)) return undefined
  const kept = await peek(r, 'registration-token', token)
  if (kept === undefined) return undefined
  const access = InitialAccess.parse(kept)
  return (await isSuspended(r, access.applicationId)) ? undefined : access
}

/** Who is suspended must not prepare for when that ends. */
async function isSuspended(r: Registry, applicationId: string): Promise<boolean> {
  const application = await find(r, kinds.application, applicationId)
  if (!application || application.value.isSuspended) return true
  const partner = await find(r, kinds.partner, application.value.partnerId)
  return !partner || partner.value.isSuspended
}

export interface Registered {
  readonly credential: Credential
  /** '' where the client has none, or had it told before. */
  readonly secret: string
  /** Manages the registration from now on; the one before is no more. */
  readonly accessToken: string
}

export type RegisteredFields = Pick<CredentialInput, 'title' | 'scopes' | 'oauth'>

/**
 * Registers a client, and takes one use of the initial access token.
 *
 * @returns undefined when it has no use left @throws Problem input-invalid with pointers into the credential
 */
export async function registerClient(
  r: Registry,
  token: string,
  access: InitialAccess,
  fields: RegisteredFields,
): Promise<Registered | undefined> {
  const { applicationId, environment } = access
  const uses = usesKey(r, token)
  const left = await guarded(r.redis.decr(uses))
  if (left < 0) {
    await guarded(r.redis.pexpire(uses, 60_000)) // where the token ended just now, the count came back to life
    return undefined
  }
  try {
    const input = { ...fields, kind: 'oauth-client' as const, environment }
    const accessToken = newSecret('registration-access')
    const registration = { hash: hashSecret(r.secrets.hashKey, accessToken) }
    const { credential, secret } = await createCredential(r, registrar, applicationId, input, registration)
    return { credential: credential.value, secret, accessToken }
  } catch (error) {
    await guarded(r.redis.incr(uses)).catch(() => {})
    throw error
  }
}

/**
 * The client that a registration access token manages.
 *
 * @returns undefined for any that is not this client's, or while its application is suspended
 */
export async function findRegistered(
  r: Registry,
  clientId: string,
  accessToken: string,
): Promise<Credential | undefined> {
  if (!looksLikeSecret('registration-access', accessToken)) return undefined
  const stored = await find(r, kinds.credential, clientId)
  const hash = hashSecret(r.secrets.hashKey, accessToken)
  if (stored?.value.registration?.hash !== hash || stored.value.revokedAt !== null) return undefined
  return (await isSuspended(r, stored.value.applicationId)) ? undefined : stored.value
}

/**
 * Changes what was registered, and with it the token that manages it. What metadata do not speak of stays as it was set
 * here: a client does not give itself longer authorizations than it was left. @throws Problem input-invalid with pointers
 */
export async function updateRegistered(
  r: Registry,
  before: Credential,
  fields: RegisteredFields,
): Promise<Registered> {
  const given = Object.fromEntries(
    Object.keys(CredentialUpdate.shape).map((name) => [name, before[name as keyof Credential]]),
  )
  const { refreshLifetimeSeconds, isResourceServer } = settingsOf(before)
  const oauth = { ...settingsOf(fields), refreshLifetimeSeconds, isResourceServer }
  const { value } = await updateCredential(r, registrar, before.id, { ...given, ...fields, oauth })
  const needsSecret = hasSecret(value) && value.secrets.length === 0
  const secret = needsSecret
    ? (await rotateCredential(r, registrar, before.id, { overlapSeconds: 0 })).secret
    : ''
  const accessToken = await newAccessToken(r, before.id)
  return { credential: value, secret, accessToken }
}

/** All scopes that clients of an application may ask for. */
export async function scopesOfApplication(r: Registry, applicationId: string): Promise<Set<string>> {
  const ids = await allIds(r, kinds.subscription, applicationId)
  const subscriptions = await activeSubscriptions(r, ids)
  const json = await guarded(r.redis.get(r.keys.publishedScopes()))
  const published: Record<string, string[]> = json === null ? {} : JSON.parse(json)
  return new Set(subscriptions.flatMap((s) => s.scopes ?? published[s.versionId] ?? []))
}

async function newAccessToken(r: Registry, clientId: string): Promise<string> {
  const token = newSecret('registration-access')
  const registration = { hash: hashSecret(r.secrets.hashKey, token) }
  await retried(async () => {
    const before = await get(r, kinds.credential, clientId)
    if (before.value.revokedAt !== null) throw problem('state-conflict', { detail: 'It was revoked.' })
    const { stored: _, ...steps } = replacement(
      r,
      kinds.credential,
      before,
      { ...before.value, registration },
      'register',
    )
    await commit(r, registrar, steps)
  })
  return token
}

const usesKey = (r: Registry, token: string) =>
  r.keys.once('registration-uses', hashSecret(r.secrets.hashKey, `registration-uses ${token}`))
