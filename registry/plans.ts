import type { z } from 'zod'
import { problem } from './base/problem.ts'
import { commit, requireMatch, retried } from './commit.ts'
import { kinds } from './kinds.ts'
import { type Plan, PlanInput } from './model.ts'
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

type Given = z.input<typeof PlanInput>

/** Creates a plan as a draft. @throws Problem input-invalid, name-taken, store-unavailable */
export async function createPlan(r: Registry, actor: Actor, input: Given): Promise<Stored<Plan>> {
  const { stored, ...steps } = insertion(r, kinds.plan, {
    ...kept(r, kinds.plan),
    ...parseInput(PlanInput, input),
  })
  await commit(r, actor, steps)
  return stored
}

/** @throws Problem not-found, store-unavailable */
export async function getPlan(r: Registry, idOrName: string): Promise<Stored<Plan>> {
  return getByName(r, kinds.plan, idOrName)
}

/** One page of all plans, oldest first. @throws Problem store-unavailable */
export async function listPlans(r: Registry, options?: ListOptions<Plan>): Promise<Page<Plan>> {
  return list(r, kinds.plan, options)
}

/** Replaces a plan’s fields. @throws Problem not-found, precondition-failed, input-invalid, name-taken */
export async function updatePlan(
  r: Registry,
  actor: Actor,
  id: string,
  input: Given,
  ifMatch?: string,
): Promise<Stored<Plan>> {
  const fields = parseInput(PlanInput, input)
  return retried(async () => {
    const before = await getPlan(r, id)
    requireMatch(ifMatch, before.etag)
    const { stored, ...steps } = replacement(r, kinds.plan, before, { ...before.value, ...fields })
    await commit(r, actor, steps)
    return stored
  })
}

/**
 * Deletes a plan.
 *
 * @throws Problem `state-conflict` while a version or subscription refers to it or it is published
 * @throws Problem not-found, precondition-failed, store-unavailable
 */
export async function deletePlan(r: Registry, actor: Actor, id: string, ifMatch?: string): Promise<void> {
  await retried(async () => {
    const current = await getPlan(r, id)
    requireMatch(ifMatch, current.etag)
    const steps = removal(r, kinds.plan, current)
    const unpublished = await notInSnapshot(r, (s) => {
      if (s.plans.some((plan) => plan.id === current.value.id))
        throw problem('state-conflict', { detail: 'A published API offers it.' })
    })
    await commit(r, actor, { ...steps, expect: [...steps.expect, unpublished] })
  })
}
