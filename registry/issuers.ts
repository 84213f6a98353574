import type { z } from 'zod'
import { problem } from './base/problem.ts'
import { seal, unseal } from './base/seal.ts'
import { type Change, commit, newEtag, requireMatch, retried } from './commit.ts'
import { type Issuer, IssuerInput, type SealedIssuer } from './issuer-model.ts'
import { kinds } from './kinds.ts'
import { insertion, kept, removal, replacement, type Steps } from './records.ts'
import { guarded } from './redis.ts'
import {
  type Actor,
  allIds,
  findMany,
  getByName,
  type ListOptions,
  list,
  type Page,
  parseInput,
  type Registry,
  type Stored,
} from './store.ts'

/**
 * Issuers outside the platform whose tokens gateways take. Like credentials they say who may call, so they are no part
 * of a snapshot: a change is in force in all gateways at once, without a publish.
 */

type Given = z.input<typeof IssuerInput>

/** @throws Problem input-invalid, name-taken, state-conflict (no seal key), not-found (an application), store-unavailable */
export async function createIssuer(r: Registry, actor: Actor, input: Given): Promise<Stored<Issuer>> {
  const fields = parsed(input)
  return retried(async () => {
    const version = await requireOwnIssuer(r, fields.issuer, undefined)
    const base = kept(r, kinds.issuer)
    const { stored, ...steps } = insertion(r, kinds.issuer, {
      ...base,
      ...fields,
      ...sealed(r, base.id, fields, undefined),
    })
    await commitOn(r, actor, version, steps)
    return shown(stored)
  })
}

/** @throws Problem not-found, store-unavailable */
export async function getIssuer(r: Registry, idOrName: string): Promise<Stored<Issuer>> {
  return shown(await getByName(r, kinds.issuer, idOrName))
}

/** One page of all issuers, oldest first. @throws Problem store-unavailable */
export async function listIssuers(r: Registry, options?: ListOptions<Issuer>): Promise<Page<Issuer>> {
  const page = await list<SealedIssuer>(r, kinds.issuer, options as ListOptions<SealedIssuer>)
  return { items: page.items.map(shown), next: page.next }
}

/**
 * Replaces an issuer's fields. An absent client secret stays as it is as long as the endpoint does.
 *
 * @throws Problem not-found, precondition-failed, input-invalid, name-taken, state-conflict, store-unavailable
 */
export async function updateIssuer(
  r: Registry,
  actor: Actor,
  id: string,
  input: Given,
  ifMatch?: string,
): Promise<Stored<Issuer>> {
  const fields = parsed(input)
  return retried(async () => {
    const before = await getByName(r, kinds.issuer, id)
    requireMatch(ifMatch, before.etag)
    const { value } = before
    const version = await requireOwnIssuer(r, fields.issuer, value.id)
    const after = { ...value, ...fields, ...sealed(r, value.id, fields, value) }
    const { stored, ...steps } = replacement(r, kinds.issuer, before, after)
    await commitOn(r, actor, version, steps)
    return shown(stored)
  })
}

/** Its tokens are refused from now on. @throws Problem not-found, precondition-failed, store-unavailable */
export async function deleteIssuer(r: Registry, actor: Actor, id: string, ifMatch?: string): Promise<void> {
  await retried(async () => {
    const current = await getByName(r, kinds.issuer, id)
    requireMatch(ifMatch, current.etag)
    await commitOn(r, actor, await versionOf(r), removal(r, kinds.issuer, current))
  })
}

/** All of them as they are kept, for gateways. @throws Problem store-unavailable */
export async function listSealedIssuers(r: Registry): Promise<SealedIssuer[]> {
  const found = await findMany(r, kinds.issuer, await allIds(r, kinds.issuer))
  return found.flatMap((stored) => (stored ? [stored.value] : []))
}

/** @throws Error when the seal key is not there, or the blob was changed or belongs to another issuer */
export function openClientSecret(r: Pick<Registry, 'keys' | 'secrets'>, issuer: SealedIssuer): string {
  if (issuer.sealedClientSecret === null) return ''
  return unseal(r.secrets.sealKeys, issuer.sealedClientSecret, r.keys.record('issuer', issuer.id))
}

function parsed(input: Given): z.output<typeof IssuerInput> {
  const fields = parseInput(IssuerInput, input)
  if (fields.verification.by === 'keys' && fields.audiences.length === 0)
    throw problem('input-invalid', {
      errors: [
        {
          pointer: '/audiences',
          detail: 'is needed: without it tokens that the issuer made for others would be taken',
        },
      ],
    })
  return fields
}

/** What is kept of the way to verify, and the secret in it. */
function sealed(
  r: Registry,
  id: string,
  { verification }: z.output<typeof IssuerInput>,
  before: SealedIssuer | undefined,
): Pick<SealedIssuer, 'verification' | 'sealedClientSecret'> {
  if (verification.by === 'keys') return { verification, sealedClientSecret: null }
  const { clientSecret, ...rest } = verification
  if (clientSecret !== undefined) {
    if (r.secrets.sealKeys.length === 0)
      throw problem('state-conflict', {
        detail: 'No seal key is configured (SECRETS_SEAL_KEYS): it cannot be kept.',
      })
    const blob = seal(r.secrets.sealKeys, clientSecret, r.keys.record('issuer', id))
    return { verification: rest, sealedClientSecret: blob }
  }
  const isSame =
    before?.verification.by === 'introspection' &&
    before.verification.endpoint === rest.endpoint &&
    before.verification.clientId === rest.clientId
  if (!isSame || before.sealedClientSecret === null)
    throw problem('input-invalid', {
      errors: [{ pointer: '/verification/clientSecret', detail: 'is needed for this endpoint and client' }],
    })
  return { verification: rest, sealedClientSecret: before.sealedClientSecret }
}

const versionOf = async (r: Registry) => (await guarded(r.redis.get(r.keys.issuersVersion()))) ?? ''

/** @returns the state on which the answer stands. @throws Problem name-taken when another one has this `iss` */
async function requireOwnIssuer(r: Registry, issuer: string, id: string | undefined): Promise<string> {
  const version = await versionOf(r)
  const other = (await listSealedIssuers(r)).find((one) => one.issuer === issuer && one.id !== id)
  if (other) throw problem('name-taken', { detail: `"${other.name}" is the issuer ${issuer} already.` })
  return version
}

async function commitOn(r: Registry, actor: Actor, version: string, steps: Steps): Promise<void> {
  const key = r.keys.issuersVersion()
  const change: Change = {
    ...steps,
    expect: [...steps.expect, { check: ['equals', key, version], otherwise: 'precondition-failed' }],
    write: [...steps.write, ['set', key, newEtag()]],
    events: [{ kind: 'issuers' }],
  }
  await commit(r, actor, change)
}

function shown({ value, etag }: Stored<SealedIssuer>): Stored<Issuer> {
  const { sealedClientSecret: _, ...issuer } = value
  return { value: issuer, etag }
}
