import { activeSubscriptions } from './active-subscriptions.ts'
import { problem } from './base/problem.ts'
import { hashSecret, looksLikeSecret, newSecret } from './base/secrets.ts'
import { hasSecret, settingsOf } from './client-settings.ts'
import { commit, retried } from './commit.ts'
import { createCredential, rotateCredential, updateCredential } from './credentials.ts'
import { kinds } from './kinds.ts'
import { type Credential, type CredentialInput, CredentialUpdate } from './model.ts'
import { replacement } from './records.ts'
import { guarded } from './redis.ts'
import { giveBackUse, type InitialAccess, isSuspended, takeUse } from './registration-tokens.ts'
import { type Actor, allIds, find, get, type Registry } from './store.ts'

/**
 * Clients that partners register themselves (RFC 7591, RFC 7592). What opens the door is an initial access token; what was
 * registered is managed by a token of its own. Of both only keyed hashes are kept.
 */

/** Who is told in the audit. */
const registrar: Actor = { id: 'client-registration' }

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
  access: InitialAccess,
  fields: RegisteredFields,
): Promise<Registered | undefined> {
  const { applicationId, environment } = access
  if (!(await takeUse(r, access))) return undefined
  try {
    const input = { ...fields, kind: 'oauth-client' as const, environment }
    const accessToken = newSecret('registration-access')
    const registration = { hash: hashSecret(r.secrets.hashKey, accessToken) }
    const { credential, secret } = await createCredential(r, registrar, applicationId, input, registration)
    return { credential: credential.value, secret, accessToken }
  } catch (error) {
    await giveBackUse(r, access).catch(() => {})
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
