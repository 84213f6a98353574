import type { z } from 'zod'
import { problem } from './base/problem.ts'
import { type AuditInput, commit, requireMatch, retried } from './commit.ts'
import { withdraw } from './consents.ts'
import { getCredential } from './credentials.ts'
import { announce } from './events.ts'
import { membersAfter, type Place, readPlace } from './expiry-index.ts'
import { kinds } from './kinds.ts'
import { type Credential, TokenFamily, TokenGrant } from './model.ts'
import { pseudonymOf } from './pseudonym.ts'
import { replacement } from './records.ts'
import { guarded } from './redis.ts'
import { type Actor, allIds, findMany, get, parseStored, type Registry, type Stored } from './store.ts'
import { endFamilies, revokeFamily } from './token-families.ts'

/** What applications hold of live tokens, for people who must see and end them. The tokens themselves are nowhere. */

/** An access token that works, as far as it may be shown. */
export interface LiveToken {
  /** When it ends and the beginning of its keyed hash: names it, and cannot be used in its place. */
  readonly id: string
  readonly credentialId: string
  readonly environment: Credential['environment']
  readonly scopes: string[]
  /** The person it acts for; `null`: the application itself. */
  readonly subject: string | null
  readonly issuedAt: number
  readonly expiresAt: number
  /** Of the authorization it comes from. */
  readonly authorizationId: string | null
  /** What it works with only. */
  readonly binding: 'dpop' | 'certificate' | null
}

/** What a person has allowed and has not ended: its refresh token gets new access tokens. */
export type LiveAuthorization = Omit<TokenFamily, 'applicationId' | 'partnerId'>

export interface LiveOptions {
  /** 1 to 200; 50 where absent. */
  readonly limit?: number
  /** The `next` of the page before. */
  readonly after?: string
  /** Only of this client. */
  readonly credentialId?: string
  /** Only of this person. */
  readonly subject?: string
}

export interface LivePage<T> {
  readonly items: T[]
  readonly next: string | null
}

/** Most that one page looks at: of a rare filter a page may be short, or empty, and still have a `next`. */
const mostExamined = 5_000
/** Of the hash: 96 bits. */
const shownOfHash = 16

/**
 * Access tokens of an application that work, those that end first at the head. What it finds dead on the way (a family
 * that ended, a client that did) it takes out of the list for good.
 *
 * @throws Problem not-found, input-invalid, store-unavailable
 */
export async function listTokens(
  r: Registry,
  applicationId: string,
  options: LiveOptions = {},
): Promise<LivePage<LiveToken>> {
  await get(r, kinds.application, applicationId)
  const isLive = await liveness(r, applicationId)
  return page(r, r.keys.tokensOf(applicationId), options, async ({ member: hash, endsAt }) => {
    const grant = await read(r, r.keys.token(hash), TokenGrant)
    // The index is written before the token: what is not there may be about to come, and ends in the list by itself.
    if (grant === undefined) return undefined
    const familyEnded =
      grant.familyId !== null && !(await guarded(r.redis.exists(r.keys.family(grant.familyId))))
    if (familyEnded || !isLive(grant.credentialId, grant.issuedAt)) {
      await guarded(r.redis.del(r.keys.token(hash)))
      await guarded(r.redis.zrem(r.keys.tokensOf(applicationId), hash))
      return undefined
    }
    return viewOf(grant, tokenId({ member: hash, endsAt }))
  })
}

/** What people have allowed an application, those that end first at the head. @throws as `listTokens` does */
export async function listAuthorizations(
  r: Registry,
  applicationId: string,
  options: LiveOptions = {},
): Promise<LivePage<LiveAuthorization>> {
  await get(r, kinds.application, applicationId)
  const isLive = await liveness(r, applicationId)
  return page(r, r.keys.familiesOf(applicationId), options, async ({ member: id }) => {
    const family = await read(r, r.keys.family(id), TokenFamily)
    if (family === undefined || !isLive(family.credentialId, family.createdAt)) return undefined
    const { applicationId: _, partnerId: __, ...shown } = family
    return shown
  })
}

/** Ends one access token, in all gateways at once. @throws Problem not-found when none lives by that id */
export async function endToken(r: Registry, actor: Actor, applicationId: string, id: string): Promise<void> {
  const hash = await findHash(r, applicationId, id)
  const key = hash && r.keys.token(hash)
  const grant = key && (await read(r, key, TokenGrant))
  if (!hash || !key || !grant) throw notThere('live token', id)
  const event = { kind: 'token', hash } as const
  const { subject, ...shown } = viewOf(grant, id)
  const before = { ...shown, person: subject === null ? null : pseudonymOf(r, subject) }
  // As in `revokeToken`: told before and after, since the token lies in another slot than the events.
  await commit(r, actor, {
    expect: [],
    write: [],
    audit: [{ action: 'end', noun: 'token', subject: id, before, after: null }],
    events: [event],
  })
  await guarded(r.redis.del(key))
  await announce(r, event)
  await guarded(r.redis.zrem(r.keys.tokensOf(applicationId), hash))
}

/**
 * Ends what a person has allowed, with all its tokens, what is remembered of it, and codes that are out.
 * @throws Problem not-found when there is none by that id
 */
export async function endAuthorization(
  r: Registry,
  actor: Actor,
  applicationId: string,
  id: string,
): Promise<void> {
  const family = await read(r, r.keys.family(id), TokenFamily)
  if (family?.applicationId !== applicationId) throw notThere('authorization', id)
  await withdraw(r, family.subject, family.credentialId)
  await revokeFamily(r, id)
  const { credentialId, scopes, authorizationDetails, createdAt, expiresAt } = family
  const person = pseudonymOf(r, family.subject)
  const payments = authorizationDetails?.length ?? 0
  const before = { credentialId, person, scopes, payments, createdAt, expiresAt }
  const entry: AuditInput = { action: 'end', noun: 'authorization', subject: id, before, after: null }
  await commit(r, actor, { expect: [], write: [], audit: [entry] })
  await guarded(r.redis.zrem(r.keys.familiesOf(applicationId), id))
}

/**
 * Ends all tokens and authorizations that a client has; it can get new ones. The clocks of whoever issues tokens must
 * agree with ours: a token issued by a clock that is ahead may outlive this.
 *
 * @throws Problem `state-conflict` for an API key, which has none
 * @throws Problem not-found, precondition-failed, store-unavailable; then repeat it
 */
export async function endTokensOfClient(
  r: Registry,
  actor: Actor,
  credentialId: string,
  ifMatch?: string,
): Promise<Stored<Credential>> {
  const stored = await retried(async () => {
    const before = await getCredential(r, credentialId)
    requireMatch(ifMatch, before.etag)
    const { value } = before
    if (value.kind !== 'oauth-client')
      throw problem('state-conflict', { detail: 'An API key has no tokens: revoke or rotate it.' })
    const after = { ...value, tokensNotBefore: Math.max(r.now(), value.tokensNotBefore) }
    const { stored, ...steps } = replacement(r, kinds.credential, before, after, 'end-tokens')
    await commit(r, actor, { ...steps, events: [{ kind: 'identity', credentialId }] })
    return stored
  })
  await endFamilies(r, stored.value)
  return stored
}

/** The same for every client of an application. @returns how many clients it has. @throws as above */
export async function endTokensOfApplication(
  r: Registry,
  actor: Actor,
  applicationId: string,
): Promise<number> {
  await get(r, kinds.application, applicationId)
  const all = await findMany(r, kinds.credential, await allIds(r, kinds.credential, applicationId))
  const clients = all.filter((one) => one?.value.kind === 'oauth-client' && one.value.revokedAt === null)
  for (const client of clients) await endTokensOfClient(r, actor, client!.value.id)
  return clients.length
}

/** Whether a client is live, and was not told to give up what is from that moment. */
async function liveness(r: Registry, applicationId: string) {
  const all = await findMany(r, kinds.credential, await allIds(r, kinds.credential, applicationId))
  const now = r.now()
  const byId = new Map(all.flatMap((one) => (one ? [[one.value.id, one.value] as const] : [])))
  return (credentialId: string, since: number): boolean => {
    const client = byId.get(credentialId)
    if (client === undefined || client.revokedAt !== null) return false
    return since > client.tokensNotBefore && (client.expiresAt === null || client.expiresAt > now)
  }
}

async function page<T extends { credentialId: string; subject: string | null; expiresAt: number }>(
  r: Registry,
  index: string,
  options: LiveOptions,
  look: (place: Place) => Promise<T | undefined>,
): Promise<LivePage<T>> {
  const limit = Math.min(Math.max(options.limit ?? 50, 1), 200)
  const { credentialId, subject } = options
  const items: T[] = []
  let examined = 0
  const from = options.after === undefined ? undefined : readPlace(options.after)
  for await (const places of membersAfter(r, index, from)) {
    const found = await Promise.all(places.map(look))
    for (const [i, item] of found.entries()) {
      examined++
      const isWanted =
        item !== undefined &&
        (credentialId === undefined || item.credentialId === credentialId) &&
        (subject === undefined || item.subject === subject)
      if (isWanted) items.push(item)
      if (items.length === limit || examined === mostExamined) return { items, next: placeText(places[i]!) }
    }
  }
  return { items, next: null }
}

const placeText = ({ endsAt, member }: Place) => `${endsAt}-${member.slice(0, 32)}`
const tokenId = ({ endsAt, member }: Place) => `${endsAt}-${member.slice(0, shownOfHash)}`

/** Found by the moment it ends: the list may be long. */
async function findHash(r: Registry, applicationId: string, id: string): Promise<string | undefined> {
  const [, end, start] = /^(\d{1,16})-([A-Za-z0-9_-]{16})$/.exec(id) ?? []
  if (end === undefined || start === undefined) return undefined
  const hashes = await guarded(r.redis.zrangebyscore(r.keys.tokensOf(applicationId), end, end))
  return hashes.find((hash) => hash.startsWith(start))
}

async function read<T>(r: Registry, key: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const json = await guarded(r.redis.get(key))
  return json === null ? undefined : parseStored(schema, json, 'grant')
}

function viewOf(grant: TokenGrant, id: string): LiveToken {
  const { credentialId, environment, scopes, subject, issuedAt, expiresAt, familyId, confirmation } = grant
  const binding = confirmation === null ? null : 'jkt' in confirmation ? 'dpop' : 'certificate'
  return {
    ...{ id, credentialId, environment, scopes, subject, issuedAt, expiresAt },
    ...{ authorizationId: familyId, binding },
  }
}

const notThere = (noun: string, id: string) =>
  problem('not-found', { detail: `There is no ${noun} "${id}".` })
