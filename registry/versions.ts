import type { z } from 'zod'
import { type FieldError, problem } from './base/problem.ts'
import { commit, type Expectation, requireMatch, retried } from './commit.ts'
import { kinds } from './kinds.ts'
import { type Version, VersionInput } from './model.ts'
import { insertion, joined, kept, removal, replacement } from './records.ts'
import { notInSnapshot } from './snapshot-store.ts'
import {
  type Actor,
  allIds,
  findByName,
  findMany,
  get,
  getByName,
  type ListOptions,
  list,
  type Page,
  parseInput,
  type Registry,
  type Stored,
} from './store.ts'

type Given = z.input<typeof VersionInput>

/**
 * Creates a version of an API as a draft without a document.
 *
 * @param api its id or name
 * @throws Problem `input-invalid` when an upstream or plan does not exist
 * @throws Problem not-found, name-taken, store-unavailable
 */
export async function createVersion(
  r: Registry,
  actor: Actor,
  api: string,
  input: Given,
): Promise<Stored<Version>> {
  const fields = parseInput(VersionInput, input)
  const { value } = await getByName(r, kinds.api, api)
  await requireReferences(r, fields)
  const version = { ...kept(r, kinds.version), ...fields, apiId: value.id, revision: 0 }
  const { stored, ...steps } = insertion(r, kinds.version, version)
  await commit(r, actor, steps)
  return stored
}

/** @throws Problem not-found, store-unavailable */
export async function getVersion(r: Registry, id: string): Promise<Stored<Version>> {
  return get(r, kinds.version, id)
}

/** @returns undefined when there is no such API or no such version of it */
export async function findVersion(
  r: Registry,
  apiName: string,
  versionName: string,
): Promise<Stored<Version> | undefined> {
  const api = await findByName(r, kinds.api, apiName)
  return api && findByName(r, kinds.version, versionName, api.value.id)
}

/** One page of the versions of an API, or of all, oldest first. @throws Problem store-unavailable */
export async function listVersions(
  r: Registry,
  apiId?: string,
  options?: ListOptions<Version>,
): Promise<Page<Version>> {
  return list(r, kinds.version, options, apiId)
}

/**
 * Replaces a version’s fields; its document stays.
 *
 * @throws Problem `input-invalid` when an upstream or plan does not exist
 * @throws Problem `state-conflict` when a plan is taken off that a subscription to this version uses
 * @throws Problem not-found, precondition-failed, name-taken, store-unavailable
 */
export async function updateVersion(
  r: Registry,
  actor: Actor,
  id: string,
  input: Given,
  ifMatch?: string,
): Promise<Stored<Version>> {
  const fields = parseInput(VersionInput, input)
  return retried(async () => {
    const before = await getVersion(r, id)
    requireMatch(ifMatch, before.etag)
    await requireReferences(r, fields)
    const removed = before.value.plans.filter((plan) => !fields.plans.includes(plan))
    const unused = (await Promise.all(removed.map((plan) => planIsUnused(r, id, plan)))).flat()
    const { stored, ...steps } = replacement(r, kinds.version, before, { ...before.value, ...fields })
    await commit(r, actor, { ...steps, expect: [...steps.expect, ...unused] })
    return stored
  })
}

/**
 * Deletes a version with its revisions. Its documents stay, since older snapshots may name them.
 *
 * @throws Problem `state-conflict` while there are subscriptions to it or it is published
 * @throws Problem not-found, precondition-failed, store-unavailable
 */
export async function deleteVersion(r: Registry, actor: Actor, id: string, ifMatch?: string): Promise<void> {
  await retried(async () => {
    const current = await getVersion(r, id)
    requireMatch(ifMatch, current.etag)
    const revisions = await findMany(r, kinds.revision, await allIds(r, kinds.revision, id))
    const found = revisions.filter((revision) => revision !== undefined)
    const steps = joined(
      removal(r, kinds.version, current, { revision: found.length }),
      // The documents' contents would drown the audit; the version's own entry says what went.
      ...found.map((revision) => ({ ...removal(r, kinds.revision, revision), audit: [] })),
    )
    const unpublished = await notInSnapshot(r, (s) => {
      if (s.apis.some((api) => api.versions.some((version) => version.id === id)))
        throw problem('state-conflict', { detail: 'It is published: withdraw its API first.' })
    })
    await commit(r, actor, { ...steps, expect: [...steps.expect, unpublished] })
  })
}

async function requireReferences(r: Registry, fields: VersionInput): Promise<void> {
  const { sandbox, live } = fields.upstreams
  const upstreams = await findMany(r, kinds.upstream, [sandbox ?? '', live ?? ''])
  const plans = await findMany(r, kinds.plan, fields.plans)
  const errors: FieldError[] = []
  if (sandbox !== undefined && !upstreams[0])
    errors.push({ pointer: '/upstreams/sandbox', detail: `there is no upstream "${sandbox}"` })
  if (live !== undefined && !upstreams[1])
    errors.push({ pointer: '/upstreams/live', detail: `there is no upstream "${live}"` })
  for (const [i, plan] of plans.entries())
    if (!plan) errors.push({ pointer: `/plans/${i}`, detail: `there is no plan "${fields.plans[i]}"` })
  if (errors.length > 0) throw problem('input-invalid', { errors })
}

/** That no subscription to this version uses the plan, now and at the moment of the change. */
async function planIsUnused(r: Registry, versionId: string, planId: string): Promise<Expectation[]> {
  const subscriptions = await findMany(r, kinds.subscription, await allIds(r, kinds.subscription, planId))
  if (subscriptions.some((s) => s?.value.versionId === versionId))
    throw problem('state-conflict', { detail: `A subscription to this version uses the plan "${planId}".` })
  const key = r.keys.children(planId, 'subscription')
  return [{ check: ['count', key, subscriptions.length], otherwise: 'precondition-failed' }]
}
