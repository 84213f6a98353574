import { z } from 'zod'
import { newId } from './base/ids.ts'
import { problem } from './base/problem.ts'
import { hashSecret, looksLikeSecret, newSecret } from './base/secrets.ts'
import { commit } from './commit.ts'
import { kinds } from './kinds.ts'
import { Environment, Scope } from './model.ts'
import { AuthorizationDetailsType, ClientProfile } from './oauth-model.ts'
import { keep, peek } from './one-time.ts'
import { guarded } from './redis.ts'
import { type Actor, find, get, parseInput, parseStored, type Registry } from './store.ts'

/**
 * Initial access tokens (RFC 7591 §3), with which partners register clients themselves: each made for one application.
 * What a list shows stands with the configuration, so that taking one back is one step with its audit entry; a token
 * without its place there is good for nothing.
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

/** As a list shows it. */
export const RegistrationToken = RegistrationTokenInput.omit({ lifetimeSeconds: true }).extend({
  id: z.string(),
  createdAt: z.int().describe('When it was made, in ms since the epoch.'),
  createdBy: z.string().describe('Who made it.'),
  expiresAt: z.int().describe('When it ends by itself, in ms since the epoch.'),
})
export type RegistrationToken = z.infer<typeof RegistrationToken>

const InitialAccess = z.object({
  id: z.string(),
  applicationId: z.string(),
  environment: Environment,
  profile: ClientProfile,
  scopes: z.array(z.string()).nullable(),
  authorizationDetailsTypes: z.array(AuthorizationDetailsType),
})
export type InitialAccess = z.infer<typeof InitialAccess>

/** Makes an initial access token, and tells it this once. @throws Problem not-found, input-invalid, store-unavailable */
export async function createRegistrationToken(
  r: Registry,
  actor: Actor,
  applicationId: string,
  input: z.input<typeof RegistrationTokenInput>,
): Promise<{ readonly id: string; readonly token: string; readonly expiresAt: number }> {
  const { uses, lifetimeSeconds, ...access } = parseInput(RegistrationTokenInput, input)
  await get(r, kinds.application, applicationId)
  await listRegistrationTokens(r, applicationId) // those that have ended make room
  const [id, token] = [newId('rgt'), newSecret('registration-token')]
  const lifetimeMs = lifetimeSeconds * 1000
  const [createdAt, expiresAt] = [r.now(), r.now() + lifetimeMs]
  // What works last: a token is good once it stands in the list, and then it has its uses.
  await guarded(r.redis.set(usesKey(r, id), uses, 'PX', lifetimeMs + 60_000))
  await keep(r, 'registration-token', token, { id, applicationId, ...access }, lifetimeMs)
  const made: RegistrationToken = { id, ...access, uses, createdAt, createdBy: actor.id, expiresAt }
  const after = { id, ...access, uses, expiresAt }
  await commit(r, actor, {
    expect: [],
    write: [['field', r.keys.registrationTokens(applicationId), id, JSON.stringify(made)]],
    audit: [{ action: 'create', noun: 'registration-token', subject: applicationId, before: null, after }],
  })
  return { id, token, expiresAt }
}

/** Those of an application that have not ended, the youngest first. @throws Problem not-found, store-unavailable */
export async function listRegistrationTokens(
  r: Registry,
  applicationId: string,
): Promise<(RegistrationToken & { readonly usesLeft: number })[]> {
  await get(r, kinds.application, applicationId)
  const key = r.keys.registrationTokens(applicationId)
  const found = Object.values(await guarded(r.redis.hgetall(key))).map((json) =>
    parseStored(RegistrationToken, json, 'registration token'),
  )
  const ended = found.filter((one) => one.expiresAt <= r.now()).map(({ id }) => id)
  if (ended.length > 0) await guarded(r.redis.hdel(key, ...ended))
  const live = found.filter((one) => one.expiresAt > r.now()).sort((a, b) => (a.id < b.id ? 1 : -1))
  return Promise.all(
    live.map(async (one) => {
      const left = Number(await guarded(r.redis.get(usesKey(r, one.id))))
      return { ...one, usesLeft: Math.max(0, left) }
    }),
  )
}

/** Nothing can be registered with it from now on; what was, stays. @throws Problem not-found, store-unavailable */
export async function revokeRegistrationToken(
  r: Registry,
  actor: Actor,
  applicationId: string,
  id: string,
): Promise<void> {
  const key = r.keys.registrationTokens(applicationId)
  const json = await guarded(r.redis.hget(key, id))
  if (json === null) throw problem('not-found', { detail: `There is no initial access token "${id}".` })
  const before = parseStored(RegistrationToken, json, 'registration token')
  await commit(r, actor, {
    expect: [],
    write: [['unfield', key, id]],
    audit: [{ action: 'revoke', noun: 'registration-token', subject: applicationId, before, after: null }],
  })
}

/** @returns undefined when it is unknown, has ended, was taken back, or its application is suspended; whether it has a use left, tells `takeUse` */
export async function findInitialAccess(r: Registry, token: string): Promise<InitialAccess | undefined> {
  if (!looksLikeSecret('registration-token', token)) return undefined
  const kept = InitialAccess.safeParse(await peek(r, 'registration-token', token))
  if (!kept.success) return undefined
  const { id, applicationId } = kept.data
  const isListed = (await guarded(r.redis.hexists(r.keys.registrationTokens(applicationId), id))) === 1
  return !isListed || (await isSuspended(r, applicationId)) ? undefined : kept.data
}

/** @returns whether there was one left; then `giveBackUse` undoes it. @throws Problem store-unavailable */
export async function takeUse(r: Registry, { id }: InitialAccess): Promise<boolean> {
  const left = await guarded(r.redis.decr(usesKey(r, id)))
  if (left < 0) await guarded(r.redis.pexpire(usesKey(r, id), 60_000)) // one that ended just now came back to life
  return left >= 0
}

export async function giveBackUse(r: Registry, { id }: InitialAccess): Promise<void> {
  await guarded(r.redis.incr(usesKey(r, id)))
}

/** Who is suspended must not prepare for when that ends. @throws Problem store-unavailable */
export async function isSuspended(r: Registry, applicationId: string): Promise<boolean> {
  const application = await find(r, kinds.application, applicationId)
  if (!application || application.value.isSuspended) return true
  const partner = await find(r, kinds.partner, application.value.partnerId)
  return !partner || partner.value.isSuspended
}

const usesKey = (r: Registry, id: string) =>
  r.keys.once('registration-uses', hashSecret(r.secrets.hashKey, `registration-uses ${id}`))
