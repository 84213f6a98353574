import type { IncomingMessage } from 'node:http'
import { fromNodeHeaders } from 'better-auth/node'
import { networkOf } from '../../registry/base/network.ts'
import { type Problem, problem } from '../../registry/base/problem.ts'
import { hashSecret } from '../../registry/base/secrets.ts'
import { takeTokens } from '../../registry/limits.ts'
import { forget, keep, peek, renew } from '../../registry/one-time.ts'
import { findPerson } from '../../registry/people.ts'
import type { Person } from '../../registry/people-model.ts'
import type { Registry } from '../../registry/store.ts'
import type { Accounts } from '../accounts/auth.ts'
import { authenticate } from './authenticate.ts'
import { partnerRoles, permissionsOf, sessionLimits } from './rules.ts'

/** Who calls: a program with an admin token, or a person with a session. */
export interface Caller {
  /** Of the token or the person: what the audit names. */
  readonly id: string
  /** In the platform. */
  readonly permissions: readonly string[]
  readonly session: PersonSession | undefined
}

export interface PersonSession {
  readonly id: string
  readonly person: Person
  readonly createdAt: number
  /** Whether a second factor is asked for and not yet there: until then they may do nothing else. */
  readonly mustEnrol: boolean
}

/** @throws Problem credential-missing, credential-invalid, rate-limited, store-unavailable */
export async function callerOf(
  r: Registry,
  accounts: Accounts,
  req: IncomingMessage,
  address: string,
): Promise<Caller & { token?: Awaited<ReturnType<typeof authenticate>> }> {
  const { authorization, cookie } = req.headers
  if (authorization === undefined && cookie !== undefined) {
    const session = await sessionOf(r, accounts, req)
    if (session) {
      const permissions = session.mustEnrol ? [] : permissionsOf(session.person.roles)
      return { id: session.person.id, permissions, session }
    }
  }
  const token = await authenticate(r, authorization, address)
  return { id: token.id, permissions: token.permissions, session: undefined, token }
}

/** The session of a cookie, unless it has ended, rested too long, or its person may not sign in. */
export async function sessionOf(
  r: Registry,
  accounts: Accounts,
  req: IncomingMessage,
): Promise<PersonSession | undefined> {
  const found = await accounts.api.getSession({ headers: fromNodeHeaders(req.headers) })
  if (!found) return undefined
  const person = (await findPerson(r, found.user.id))?.value
  if (!person || person.isSuspended) return undefined
  const createdAt = new Date(found.session.createdAt).getTime()
  const limits = sessionLimits[person.roles.length > 0 ? 'platform' : 'partner']
  if (r.now() > createdAt + limits.mostMs) return undefined
  const isAwake = await renew(r, 'session-idle', found.session.id, limits.idleMs)
  if (isAwake === undefined) return undefined
  const hasFactor = found.user.twoFactorEnabled === true
  return { id: found.session.id, person, createdAt, mustEnrol: person.roles.length > 0 && !hasFactor }
}

/** Begins the time that a session may rest. */
export const wake = (r: Registry, sessionId: string) =>
  keep(r, 'session-idle', sessionId, true, sessionLimits.platform.idleMs)

export const putToRest = (r: Registry, sessionId: string) => forget(r, 'session-idle', sessionId)

/** What a person may do in a partner; nothing where they are no member. */
export function permissionsIn(session: PersonSession | undefined, partnerId: string): readonly string[] {
  const membership = session?.person.memberships.find((one) => one.partnerId === partnerId)
  return membership && !session!.mustEnrol ? partnerRoles[membership.role] : []
}

export const isConfirmed = async (r: Registry, session: PersonSession, freshMs: number) =>
  r.now() < session.createdAt + freshMs || (await peek(r, 'session-confirmed', session.id)) !== undefined

/** @throws Problem rate-limited: too many tries from an address, or for an account */
export async function countTry(r: Registry, owner: string, rule: string, limit: number): Promise<void> {
  const taken = await takeTokens(r, { owner, rule, limit, windowMs: 60_000, cost: 1 })
  if (!taken.isAllowed) throw tooMany(taken.retryAfterMs)
}

/**
 * Counts a sign-in: by network, so that one caller is slowed whoever they try to be; by network and address, so that one
 * person's neighbours are not; and by address alone at a rate that only many callers together reach, for nobody shall
 * keep somebody else out by guessing.
 *
 * @throws Problem rate-limited
 */
export async function countSignIn(r: Registry, address: string, email: string): Promise<void> {
  const network = networkOf(address)
  // Of the address only a keyed hash: who lists keys learns nobody's.
  const person = hashSecret(r.secrets.hashKey, `sign-in ${email}`)
  await countTry(r, network, 'console-sign-in', 60)
  await countTry(r, `${person} ${network}`, 'console-sign-in', 10)
  await countTry(r, person, 'console-sign-in', 100)
}

const tooMany = (retryAfterMs: number): Problem =>
  problem('rate-limited', {
    detail: 'Too many tries. Wait a moment.',
    retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)),
  })
