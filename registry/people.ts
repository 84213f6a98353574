import { randomBytes } from 'node:crypto'
import { newId } from './base/ids.ts'
import { problem } from './base/problem.ts'
import { commit, requireMatch, retried } from './commit.ts'
import { kinds } from './kinds.ts'
import { keep, peek, takeOnce } from './one-time.ts'
import type { Invitation, Membership, Person } from './people-model.ts'
import { insertion, isUnchanged, removal, replacement } from './records.ts'
import {
  type Actor,
  find,
  findByName,
  get,
  type ListOptions,
  list,
  type Page,
  type Registry,
  type Stored,
} from './store.ts'

const invitationLifeMs = 7 * 24 * 3_600_000
const resetLifeMs = 3_600_000

/** @throws Problem not-found, store-unavailable */
export const getPerson = (r: Registry, id: string): Promise<Stored<Person>> => get(r, kinds.person, id)
export const findPerson = (r: Registry, id: string): Promise<Stored<Person> | undefined> =>
  find(r, kinds.person, id)
export const findPersonByEmail = (r: Registry, email: string): Promise<Stored<Person> | undefined> =>
  findByName(r, kinds.person, email.toLowerCase())

/** One page of all people, or of the members of a partner. @throws Problem store-unavailable */
export const listPeople = (
  r: Registry,
  options?: ListOptions<Person>,
  partnerId?: string,
): Promise<Page<Person>> => list(r, kinds.person, options, partnerId)

/** @throws Problem `name-taken` when the address belongs to somebody; store-unavailable */
export async function createPerson(
  r: Registry,
  actor: Actor,
  { id, email, name, roles, memberships }: Pick<Person, 'id' | 'email' | 'name' | 'roles' | 'memberships'>,
): Promise<Stored<Person>> {
  const now = r.now()
  const person: Person = {
    ...{ id, createdAt: now, updatedAt: now, email: email.toLowerCase(), name, roles, memberships },
    ...{ isSuspended: false, language: null, theme: 'auto' },
  }
  const { stored, ...steps } = insertion(r, kinds.person, person)
  await commit(r, actor, steps)
  return stored
}

/**
 * Changes a person. The last owner of the platform stays one.
 *
 * @throws Problem state-conflict, not-found, precondition-failed, store-unavailable
 */
export async function changePerson(
  r: Registry,
  actor: Actor,
  id: string,
  change: (person: Person) => Partial<Person>,
  ifMatch?: string,
): Promise<Stored<Person>> {
  return retried(async () => {
    const before = await getPerson(r, id)
    requireMatch(ifMatch, before.etag)
    const after = { ...before.value, ...change(before.value) }
    const { stored, ...steps } = replacement(r, kinds.person, before, after)
    const isLeaving = ownsPlatform(before.value) && !ownsPlatform(after)
    const stays = isLeaving ? [isUnchanged(r, kinds.person, await anotherOwner(r, id))] : []
    await commit(r, actor, { ...steps, expect: [...steps.expect, ...stays] })
    return stored
  })
}

/** Gives somebody a role in a partner, or another one; `null` takes it away. */
export const withRole = (
  memberships: readonly Membership[],
  partnerId: string,
  role: Membership['role'] | null,
) => [
  ...memberships.filter((one) => one.partnerId !== partnerId),
  ...(role === null ? [] : [{ partnerId, role }]),
]

const ownsPlatform = (person: Person) => person.roles.includes('platform-owner') && !person.isSuspended

/** Who still is one in the commit in which this one goes: two who leave at once do not leave nobody. */
async function anotherOwner(r: Registry, id: string): Promise<Stored<Person>> {
  let after: string | undefined
  do {
    const page: Page<Person> = await listPeople(r, { limit: 200, ...(after && { after }) })
    const other = page.items.find(({ value }) => value.id !== id && ownsPlatform(value))
    if (other) return other
    after = page.next ?? undefined
  } while (after)
  throw problem('state-conflict', {
    detail: 'This is the last owner of the platform. Make somebody else an owner first.',
  })
}

// ---- invitations and resets: a link that works once --------------------------------------------------------------

/**
 * @returns the invitation, and what the link carries. Only its keyed hash is kept.
 * @throws Problem store-unavailable
 */
export async function invite(
  r: Registry,
  actor: Actor,
  given: Pick<Invitation, 'email' | 'roles' | 'membership'>,
): Promise<{ invitation: Stored<Invitation>; token: string }> {
  const now = r.now()
  const invitation: Invitation = {
    id: newId(kinds.invitation.prefix),
    createdAt: now,
    updatedAt: now,
    email: given.email.toLowerCase(),
    roles: given.roles,
    membership: given.membership,
    invitedBy: actor.id,
    expiresAt: now + invitationLifeMs,
  }
  const { stored, ...steps } = insertion(r, kinds.invitation, invitation)
  await commit(r, actor, steps)
  return { invitation: stored, token: await linkFor(r, 'invitation', invitation.id, invitationLifeMs) }
}

export const listInvitations = (r: Registry, options?: ListOptions<Invitation>, partnerId?: string) =>
  list(r, kinds.invitation, options, partnerId)

/** What a link invites to, which stays as it is. @returns undefined when it is used, withdrawn or expired */
export async function invitationOf(r: Registry, token: string): Promise<Stored<Invitation> | undefined> {
  const id = await peek(r, 'invitation', token)
  const found = typeof id === 'string' ? await find(r, kinds.invitation, id) : undefined
  return found && found.value.expiresAt > r.now() ? found : undefined
}

/** Uses a link: of all who try one gets the invitation, and it is gone. */
export async function takeInvitation(r: Registry, token: string): Promise<Invitation | undefined> {
  const found = await invitationOf(r, token)
  if (!found || (await takeOnce(r, 'invitation', token)) === undefined) return undefined
  return found.value
}

/** @throws Problem not-found, precondition-failed, store-unavailable */
export async function endInvitation(
  r: Registry,
  actor: Actor,
  id: string,
  ifMatch?: string,
): Promise<Invitation> {
  const current = await get(r, kinds.invitation, id)
  requireMatch(ifMatch, current.etag)
  await commit(r, actor, removal(r, kinds.invitation, current))
  return current.value
}

/** A link with which a person sets a new password, within the hour. */
export const resetLink = (r: Registry, personId: string) =>
  linkFor(r, 'password-reset', personId, resetLifeMs)

/** Tells the audit what changes no record: who made a person a way in, who came in. @throws Problem store-unavailable */
export async function notePerson(
  r: Registry,
  actor: Actor,
  action: 'reset' | 'sign-in',
  personId: string,
  after: unknown = null,
): Promise<void> {
  const entry = { action, noun: kinds.person.noun, subject: personId, before: null, after }
  await commit(r, actor, { expect: [], write: [], audit: [entry] })
}

/** @returns the id of the person; undefined when the link was used or has expired */
export async function takeReset(r: Registry, token: string): Promise<string | undefined> {
  const id = await takeOnce(r, 'password-reset', token)
  return typeof id === 'string' ? id : undefined
}

async function linkFor(r: Registry, purpose: 'invitation' | 'password-reset', id: string, lifeMs: number) {
  const token = randomBytes(24).toString('base64url')
  await keep(r, purpose, token, id, lifeMs)
  return token
}
