import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Person } from '../authorization-request.ts'
import { cookieOf, setCookie } from '../cookies.ts'
import type { OAuthRequest } from '../message.ts'
import type { PeopleDeps } from './deps.ts'

const Kept = z.strictObject({
  subject: z.string(),
  displayName: z.string(),
  authenticatedAt: z.int(),
  createdAt: z.int(),
})

/** A person who has signed in with this browser. */
export interface Session extends Person {
  /** What the cookie holds; only its keyed hash is kept. */
  readonly id: string
  readonly displayName: string
}

/**
 * The session of the browser. Each look lets it live for another idle time, but never past its absolute end.
 * @throws Problem store-unavailable
 */
export async function findSession(deps: PeopleDeps, req: OAuthRequest): Promise<Session | undefined> {
  const id = cookieOf(req, deps.issuer, 'session', /^[A-Za-z0-9_-]{43}$/)
  if (id === undefined) return undefined
  // One command reads and renews: a sign-out in between cannot be undone by it.
  const kept = await deps.once.renew('session', id, deps.sessionIdleMs)
  if (kept === undefined) return undefined
  const { createdAt, ...person } = Kept.parse(kept)
  if (createdAt + deps.sessionMs > deps.now()) return { id, ...person }
  await deps.once.forget('session', id)
  return undefined
}

/**
 * A new one under a new id, whatever the browser came with: an id that somebody put there before is worth nothing
 * (session fixation). An earlier session of the browser ends.
 *
 * @returns the value of Set-Cookie. @throws Problem store-unavailable
 */
export async function openSession(
  deps: PeopleDeps,
  req: OAuthRequest,
  person: { readonly subject: string; readonly displayName: string; readonly authenticatedAt: number },
): Promise<string> {
  await endSession(deps, req)
  const id = randomBytes(32).toString('base64url')
  const kept = Kept.parse({ ...person, createdAt: deps.now() })
  await deps.once.keep('session', id, kept, deps.sessionIdleMs)
  return setCookie(deps.issuer, 'session', id)
}

/** @returns the value of Set-Cookie that takes it from the browser, too. @throws Problem store-unavailable */
export async function endSession(deps: PeopleDeps, req: OAuthRequest): Promise<string> {
  const id = cookieOf(req, deps.issuer, 'session', /^[A-Za-z0-9_-]{43}$/)
  if (id !== undefined) await deps.once.forget('session', id)
  return setCookie(deps.issuer, 'session', '', 0)
}
