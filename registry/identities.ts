import { activeSubscriptions } from './active-subscriptions.ts'
import { hashSecret, looksLikeSecret } from './base/secrets.ts'
import { kinds } from './kinds.ts'
import { Application, Credential, type Environment, Partner, TokenGrant } from './model.ts'
import { guarded } from './redis.ts'
import { findMany, parseStored, type Registry, replies } from './store.ts'
import { findToken } from './tokens.ts'

/** Who presents a secret or token, and what they may do: all that a gateway needs to know of them. */
export interface IdentityRecord {
  readonly partnerId: string
  readonly applicationId: string
  readonly credentialId: string
  readonly environment: Environment
  /** Which of the credential's secrets was shown; `null`: none, as with a token. */
  readonly secretId: string | null
  readonly kind: Credential['kind']
  /** `null`: not narrowed by the credential or token. */
  readonly scopes: string[] | null
  readonly subscriptions: {
    readonly versionId: string
    readonly planId: string | null
    readonly scopes: string[] | null
  }[]
  /** When it ends by itself, in ms since the epoch; `null`: never. */
  readonly expiresAt: number | null
  /** Of who presents an access token: what it stands for. */
  readonly grant: TokenGrant | null
}

/**
 * Finds who presents an API key or client secret. Costs nothing when the text has not its form, else one round trip
 * when it is unknown and three when it is known.
 *
 * @returns undefined when it is unknown, revoked, expired or its partner or application is suspended
 * @throws Problem store-unavailable
 */
export async function findIdentityBySecret(
  r: Registry,
  kind: 'api-key' | 'client-secret',
  secret: string,
): Promise<IdentityRecord | undefined> {
  const found = await findBySecret(r, kind, secret)
  if (!found) return undefined
  const { live, shown } = found
  const end = earliest(shown.expiresAt, live.credential.expiresAt)
  return { ...identityOf(live, live.credential.scopes, end, null), secretId: shown.id }
}

/** @param owner the only credential whose secret it may be; of another one no more is read. Absent: any */
async function findBySecret(r: Registry, kind: 'api-key' | 'client-secret', secret: string, owner?: string) {
  if (!looksLikeSecret(`${kind}:live`, secret) && !looksLikeSecret(`${kind}:sandbox`, secret))
    return undefined
  const hash = hashSecret(r.secrets.hashKey, secret)
  const ids = await guarded(r.redis.hget(r.keys.secrets(), hash))
  const [credentialId, applicationId, partnerId] = ids?.split(' ') ?? []
  if (!credentialId || !applicationId || !partnerId) return undefined
  if (owner !== undefined && owner !== credentialId) return undefined
  const live = await findLive(r, { credentialId, applicationId, partnerId }, kind === 'client-secret')
  const shown = live?.credential.secrets.find((one) => one.hash === hash)
  if (!live || !shown || isPast(shown.expiresAt, r.now())) return undefined
  return { live, shown }
}

/**
 * Finds who presents an access token. Its credential must still be live.
 *
 * @returns undefined when the token is unknown, revoked or expired, or when what stands behind it is no longer live
 * @throws Problem store-unavailable
 */
export async function findIdentityByToken(r: Registry, token: string): Promise<IdentityRecord | undefined> {
  const grant = await findToken(r, token)
  const live = grant && (await findLive(r, grant))
  if (!live || grant.issuedAt <= live.credential.tokensNotBefore) return undefined
  if (!(await wereAllKept(r, grant.exchangedFor))) return undefined
  // A scope that was taken from the client is gone from its tokens, too.
  const { scopes: narrowed, expiresAt } = live.credential
  const scopes = narrowed === null ? grant.scopes : grant.scopes.filter((scope) => narrowed.includes(scope))
  return identityOf(live, scopes, earliest(grant.expiresAt, expiresAt), grant)
}

/** Whether the clients of tokens, by keyed hash, were not told to give up what is from then. */
async function wereAllKept(r: Registry, hashes: readonly string[]): Promise<boolean> {
  for (const hash of hashes) {
    const json = await guarded(r.redis.get(r.keys.token(hash)))
    if (json === null) return false
    const { credentialId, issuedAt } = parseStored(TokenGrant, json, 'token')
    const [client] = await findMany(r, kinds.credential, [credentialId])
    if (!client || client.value.revokedAt !== null || issuedAt <= client.value.tokensNotBefore) return false
  }
  return true
}

/**
 * An OAuth client and all scopes it may ask for: those of its application’s subscriptions (where one names none, all
 * that its published version has), narrowed by the credential.
 *
 * @returns undefined when there is no such client, or it is revoked, expired or suspended
 * @throws Problem store-unavailable
 */
export async function findClient(r: Registry, clientId: string): Promise<FoundClient | undefined> {
  const [stored] = await findMany(r, kinds.credential, [clientId])
  if (stored?.value.kind !== 'oauth-client') return undefined
  const { applicationId, partnerId } = stored.value
  const live = await findLive(r, { credentialId: clientId, applicationId, partnerId }, true)
  return live && withScopes(live)
}

/**
 * The same, proved by its secret, and read once: the token endpoint lives on it. One round trip when the secret is
 * unknown or of another client, whether there is such a client or not.
 *
 * @throws Problem store-unavailable
 */
export async function findClientBySecret(
  r: Registry,
  clientId: string,
  secret: string,
): Promise<FoundClient | undefined> {
  const found = await findBySecret(r, 'client-secret', secret, clientId)
  if (found?.live.credential.kind !== 'oauth-client') return undefined
  return { ...withScopes(found.live), secretId: found.shown.id }
}

export interface FoundClient {
  readonly credential: Credential
  /** All that it may ask for. */
  readonly scopes: string[]
  /** Which of its secrets it was proved by, where it was by one. */
  readonly secretId?: string
}

/** The last text and what it says: it holds the scopes of all APIs, and changes with a publish only. */
let lastPublished: { readonly json: string; readonly scopes: Record<string, string[]> } | undefined

function publishedIn(json: string | null): Record<string, string[]> {
  if (json === null) return {}
  if (lastPublished?.json !== json) lastPublished = { json, scopes: JSON.parse(json) }
  return lastPublished.scopes
}

function withScopes(live: Live): FoundClient {
  const published = publishedIn(live.publishedScopes)
  const granted = new Set(live.subscriptions.flatMap((s) => s.scopes ?? published[s.versionId] ?? []))
  const narrowed = live.credential.scopes
  const scopes = narrowed === null ? [...granted] : narrowed.filter((scope) => granted.has(scope))
  return { credential: live.credential, scopes: scopes.sort() }
}

interface Live {
  readonly credential: Credential
  readonly subscriptions: IdentityRecord['subscriptions']
  /** Read of OAuth clients only. */
  readonly publishedScopes: string | null
}

/** A credential and its application’s subscriptions, unless anything on the way up to the partner is not live. */
async function findLive(
  r: Registry,
  ids: { credentialId: string; applicationId: string; partnerId: string },
  isForScopes = false,
): Promise<Live | undefined> {
  const { keys } = r
  const pipeline = r.redis
    .pipeline()
    .hget(keys.record('credential', ids.credentialId), 'json')
    .hget(keys.record('application', ids.applicationId), 'json')
    .hget(keys.record('partner', ids.partnerId), 'json')
    .zrange(keys.children(ids.applicationId, 'subscription'), 0, '-1')
  if (isForScopes) pipeline.get(keys.publishedScopes())
  const [credentialJson, applicationJson, partnerJson, subscriptionIds, publishedScopes] = (await replies(
    pipeline.exec(),
  )) as [string | null, string | null, string | null, string[], string | null | undefined]
  if (credentialJson === null || applicationJson === null || partnerJson === null) return undefined
  const credential = parseStored(Credential, credentialJson, 'credential')
  if (credential.revokedAt !== null || isPast(credential.expiresAt, r.now())) return undefined
  if (parseStored(Application, applicationJson, 'application').isSuspended) return undefined
  if (parseStored(Partner, partnerJson, 'partner').isSuspended) return undefined
  const subscriptions = await activeSubscriptions(r, subscriptionIds)
  return {
    credential,
    subscriptions: subscriptions.map(({ versionId, planId, scopes }) => ({ versionId, planId, scopes })),
    publishedScopes: publishedScopes ?? null,
  }
}

function identityOf(
  { credential, subscriptions }: Live,
  scopes: string[] | null,
  expiresAt: number | null,
  grant: TokenGrant | null,
): IdentityRecord {
  const { id: credentialId, applicationId, partnerId, environment, kind } = credential
  return {
    partnerId,
    applicationId,
    credentialId,
    environment,
    secretId: null,
    kind,
    scopes,
    subscriptions,
    expiresAt,
    grant,
  }
}

const isPast = (end: number | null, now: number) => end !== null && end <= now

function earliest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.min(a, b)
}
