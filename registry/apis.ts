import type { z } from 'zod'
import { problem } from './base/problem.ts'
import { commit, requireMatch, retried } from './commit.ts'
import { kinds } from './kinds.ts'
import { type Api, ApiInput } from './model.ts'
import { insertion, kept, removal, replacement } from './records.ts'
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

export * from './revisions.ts'
export * from './versions.ts'

type Given = z.input<typeof ApiInput>

/** Creates an API as a draft. @throws Problem input-invalid, name-taken, store-unavailable */
export async function createApi(r: Registry, actor: Actor, input: Given): Promise<Stored<Api>> {
  const { stored, ...steps } = insertion(r, kinds.api, {
    ...kept(r, kinds.api),
    ...parseInput(ApiInput, input),
  })
  await commit(r, actor, steps)
  return stored
}

/** @throws Problem not-found, store-unavailable */
export async function getApi(r: Registry, idOrName: string): Promise<Stored<Api>> {
  return getByName(r, kinds.api, idOrName)
}

/** One page of all APIs, oldest first. @throws Problem store-unavailable */
export async function listApis(r: Registry, options?: ListOptions<Api>): Promise<Page<Api>> {
  return list(r, kinds.api, options)
}

/** Replaces an API’s fields. @throws Problem not-found, precondition-failed, input-invalid, name-taken */
export async function updateApi(
  r: Registry,
  actor: Actor,
  id: string,
  input: Given,
  ifMatch?: string,
): Promise<Stored<Api>> {
  const fields = parseInput(ApiInput, input)
  return retried(async () => {
    const before = await getApi(r, id)
    requireMatch(ifMatch, before.etag)
    const { stored, ...steps } = replacement(r, kinds.api, before, { ...before.value, ...fields })
    await commit(r, actor, steps)
    return stored
  })
}

/**
 * Deletes an API.
 *
 * @throws Problem `state-conflict` while it has versions or is published
 * @throws Problem not-found, precondition-failed, store-unavailable
 */
export async function deleteApi(r: Registry, actor: Actor, id: string, ifMatch?: string): Promise<void> {
  await retried(async () => {
    const current = await getApi(r, id)
    requireMatch(ifMatch, current.etag)
    const steps = removal(r, kinds.api, current)
    const unpublished = await notInSnapshot(r, (s) => {
      if (s.apis.some((api) => api.id === current.value.id))
        throw problem('state-conflict', { detail: 'It is published: withdraw it first.' })
    })
    await commit(r, actor, { ...steps, expect: [...steps.expect, unpublished] })
  })
}
