import type { z } from 'zod'
import { problem } from './base/problem.ts'
import { hashSecret, hintOf, looksLikeSecret, newSecret } from './base/secrets.ts'
import { commit, requireMatch, retried } from './commit.ts'
import { kinds } from './kinds.ts'
import { type AdminToken, AdminTokenInput } from './model.ts'
import { insertion, kept, replacement } from './records.ts'
import { guarded } from './redis.ts'
import {
  type Actor,
  find,
  get,
  type ListOptions,
  list,
  type Page,
  parseInput,
  type Registry,
  type Stored,
} from './store.ts'

/** An admin token without its hash: what may be shown. */
export type ShownAdminToken = Omit<AdminToken, 'hash'>

/**
 * Makes an admin token and returns its secret this one time; only its keyed hash is kept.
 *
 * @throws Problem input-invalid, store-unavailable
 */
export async function createAdminToken(
  r: Registry,
  actor: Actor,
  input: z.input<typeof AdminTokenInput>,
): Promise<{ token: Stored<ShownAdminToken>; secret: string }> {
  const fields = parseInput(AdminTokenInput, input)
  if (fields.expiresAt !== null && fields.expiresAt <= r.now())
    throw problem('input-invalid', { errors: [{ pointer: '/expiresAt', detail: 'is not in the future' }] })
  const secret = newSecret('admin-token')
  const { stored, ...steps } = insertion(r, kinds.adminToken, {
    ...kept(r, kinds.adminToken),
    ...fields,
    hash: hashSecret(r.secrets.hashKey, secret),
    hint: hintOf(secret),
    revokedAt: null,
  })
  await commit(r, actor, steps)
  return { token: shown(stored), secret }
}

/** @throws Problem not-found, store-unavailable */
export async function getAdminToken(r: Registry, id: string): Promise<Stored<ShownAdminToken>> {
  return shown(await get(r, kinds.adminToken, id))
}

/** One page of all admin tokens, oldest first. @throws Problem store-unavailable */
export async function listAdminTokens(
  r: Registry,
  options?: ListOptions<ShownAdminToken>,
): Promise<Page<ShownAdminToken>> {
  const page = await list<AdminToken>(r, kinds.adminToken, options)
  return { items: page.items.map(shown), next: page.next }
}

/** Ends an admin token. Doing it twice changes nothing. @throws Problem not-found, precondition-failed, store-unavailable */
export async function revokeAdminToken(
  r: Registry,
  actor: Actor,
  id: string,
  ifMatch?: string,
): Promise<Stored<ShownAdminToken>> {
  return retried(async () => {
    const before = await get(r, kinds.adminToken, id)
    requireMatch(ifMatch, before.etag)
    if (before.value.revokedAt !== null) return shown(before)
    const after = { ...before.value, revokedAt: r.now() }
    const { stored, ...steps } = replacement(r, kinds.adminToken, before, after, 'revoke')
    await commit(r, actor, steps)
    return shown(stored)
  })
}

/** Whose token this is. @returns undefined when it is unknown, revoked or expired. @throws Problem store-unavailable */
export async function findAdminToken(r: Registry, secret: string): Promise<ShownAdminToken | undefined> {
  if (!looksLikeSecret('admin-token', secret)) return undefined
  const id = await guarded(r.redis.hget(r.keys.secrets(), hashSecret(r.secrets.hashKey, secret)))
  const stored = id === null ? undefined : await find(r, kinds.adminToken, id)
  if (!stored || stored.value.revokedAt !== null) return undefined
  if (stored.value.expiresAt !== null && stored.value.expiresAt <= r.now()) return undefined
  return shown(stored).value
}

function shown({ value, etag }: Stored<AdminToken>): Stored<ShownAdminToken> {
  const { hash: _, ...token } = value
  return { value: token, etag }
}
