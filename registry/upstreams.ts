import type { z } from 'zod'
import { problem } from './base/problem.ts'
import { commit, requireMatch, retried } from './commit.ts'
import { kinds } from './kinds.ts'
import { type SealedUpstream, type Upstream, UpstreamInput } from './model.ts'
import { insertion, kept, removal, replacement } from './records.ts'
import { sealCredential } from './sealed.ts'
import { notInSnapshot } from './snapshot-store.ts'
import {
  type Actor,
  getByName,
  type ListOptions,
  list,
  type Page,
  parseInput,
  type Registry,
  type Stored,
} from './store.ts'

type Given = z.input<typeof UpstreamInput>

/** Creates an upstream as a draft. @throws Problem input-invalid, name-taken, store-unavailable */
export async function createUpstream(r: Registry, actor: Actor, input: Given): Promise<Stored<Upstream>> {
  const { credential, ...fields } = parseInput(UpstreamInput, input)
  requireSchemes(fields)
  const base = kept(r, kinds.upstream)
  const upstream = { ...base, ...fields, ...sealed(r, base.id, credential, undefined) }
  const { stored, ...steps } = insertion(r, kinds.upstream, upstream)
  await commit(r, actor, steps)
  return shown(stored)
}

/** @throws Problem not-found, store-unavailable */
export async function getUpstream(r: Registry, idOrName: string): Promise<Stored<Upstream>> {
  return shown(await getByName(r, kinds.upstream, idOrName))
}

/** One page of all upstreams, oldest first. @throws Problem store-unavailable */
export async function listUpstreams(r: Registry, options?: ListOptions<Upstream>): Promise<Page<Upstream>> {
  const page = await list<SealedUpstream>(r, kinds.upstream, options)
  return { items: page.items.map(shown), next: page.next }
}

/**
 * Replaces an upstream’s fields. An absent `credential` leaves it as it is, `null` takes it away.
 *
 * A kept credential goes to the addresses that it was given for. To others it goes only with `mayMoveCredential`, or
 * when its value is given anew: whoever may edit addresses could otherwise have it sent to one of their own.
 *
 * @throws Problem not-found, precondition-failed, input-invalid, name-taken, store-unavailable
 */
export async function updateUpstream(
  r: Registry,
  actor: Actor,
  id: string,
  input: Given,
  ifMatch?: string,
  { mayMoveCredential = false } = {},
): Promise<Stored<Upstream>> {
  const { credential, ...fields } = parseInput(UpstreamInput, input)
  requireSchemes(fields)
  return retried(async () => {
    const before = await getByName(r, kinds.upstream, id)
    requireMatch(ifMatch, before.etag)
    const { value } = before
    // Optional fields that the input lacks are gone, not inherited: the input is the whole.
    const after = {
      id: value.id,
      createdAt: value.createdAt,
      updatedAt: value.updatedAt,
      ...fields,
      ...sealed(r, value.id, credential, value),
    }
    if (credential === undefined && !mayMoveCredential) requireSameAddresses(value, after)
    const { stored, ...steps } = replacement(r, kinds.upstream, before, after)
    await commit(r, actor, steps)
    return shown(stored)
  })
}

/** @throws Problem `input-invalid` when a credential would be presented at an address that it was not given for */
function requireSameAddresses(before: SealedUpstream, after: SealedUpstream): void {
  if (before.sealedCredential === null) return
  const origins = new Set(before.targets.map(({ url }) => new URL(url).origin))
  const errors = after.targets.flatMap(({ url }, i) =>
    origins.has(new URL(url).origin) ? [] : [{ pointer: `/targets/${i}/url`, detail: movedDetail }],
  )
  if (errors.length > 0) throw problem('input-invalid', { errors })
}

/** @throws Problem `input-invalid` when a target cannot be spoken to by the protocol of its upstream */
function requireSchemes({ protocol, targets }: Pick<Upstream, 'protocol' | 'targets'>): void {
  if (protocol === 'http1') return
  const scheme = protocol === 'h2' ? 'https:' : 'http:'
  const errors = targets.flatMap(({ url }, i) =>
    new URL(url).protocol === scheme
      ? []
      : [
          {
            pointer: `/targets/${i}/url`,
            detail: `begins with ${scheme}// where the protocol is ${protocol}`,
          },
        ],
  )
  if (errors.length > 0) throw problem('input-invalid', { errors })
}

const movedDetail =
  'is a new address for the kept credential: send the credential with its value, or use a token with the permission "credentials"'

/**
 * Deletes an upstream.
 *
 * @throws Problem `state-conflict` while a version refers to it or it is published
 * @throws Problem not-found, precondition-failed, store-unavailable
 */
export async function deleteUpstream(r: Registry, actor: Actor, id: string, ifMatch?: string): Promise<void> {
  await retried(async () => {
    const current = await getByName(r, kinds.upstream, id)
    requireMatch(ifMatch, current.etag)
    const steps = removal(r, kinds.upstream, current)
    const unpublished = await notInSnapshot(r, (s) => {
      if (s.upstreams.some((upstream) => upstream.id === current.value.id))
        throw problem('state-conflict', { detail: 'A published API uses it.' })
    })
    await commit(r, actor, { ...steps, expect: [...steps.expect, unpublished] })
  })
}

function sealed(...given: Parameters<typeof sealCredential>) {
  const [r, , credential] = given
  if (credential && r.secrets.sealKeys.length === 0)
    throw problem('state-conflict', {
      detail: 'No seal key is configured (SECRETS_SEAL_KEYS): it cannot be kept.',
    })
  return sealCredential(...given)
}

function shown({ value, etag }: Stored<SealedUpstream>): Stored<Upstream> {
  const { sealedCredential: _, ...upstream } = value
  return { value: upstream, etag }
}
