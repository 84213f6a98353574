import type { z } from 'zod'
import { activeSubscriptions } from './active-subscriptions.ts'
import { problem } from './base/problem.ts'
import { commit, type Expectation, requireMatch, retried } from './commit.ts'
import { kinds } from './kinds.ts'
import { type Subscription, SubscriptionInput } from './model.ts'
import { insertion, isUnchanged, kept, removal, replacement } from './records.ts'
import {
  type Actor,
  allIds,
  find,
  get,
  type ListOptions,
  list,
  type Page,
  parseInput,
  type Registry,
  type Stored,
} from './store.ts'

type Given = z.input<typeof SubscriptionInput>

/**
 * Gives an application the right to use a version. Heard by all gateways at once.
 *
 * @throws Problem `input-invalid` when there is no such version, or it does not offer the plan
 * @throws Problem `name-taken` when the application has a subscription to this version
 * @throws Problem not-found, store-unavailable
 */
export async function createSubscription(
  r: Registry,
  actor: Actor,
  applicationId: string,
  input: Given,
): Promise<Stored<Subscription>> {
  const fields = parseInput(SubscriptionInput, input)
  return retried(async () => {
    const { value: application } = await get(r, kinds.application, applicationId)
    const isOffered = await requireOffer(r, fields)
    const subscription: Subscription = {
      ...kept(r, kinds.subscription),
      ...fields,
      applicationId,
      partnerId: application.partnerId,
      state: 'active',
      request: null,
      decision: null,
    }
    const { stored, ...steps } = insertion(r, kinds.subscription, subscription)
    await commit(r, actor, {
      ...steps,
      expect: [isOffered, ...steps.expect],
      events: [{ kind: 'identity', applicationId }],
    })
    return stored
  })
}

/** @throws Problem not-found, store-unavailable */
export async function getSubscription(r: Registry, id: string): Promise<Stored<Subscription>> {
  return get(r, kinds.subscription, id)
}

/** One page of the subscriptions of an application, or of all, oldest first. @throws Problem store-unavailable */
export async function listSubscriptions(
  r: Registry,
  applicationId?: string,
  options?: ListOptions<Subscription>,
): Promise<Page<Subscription>> {
  return list(r, kinds.subscription, options, applicationId)
}

/**
 * Replaces a subscription’s fields. Heard by all gateways at once.
 *
 * @throws Problem `input-invalid` when there is no such version, or it does not offer the plan
 * @throws Problem not-found, precondition-failed, name-taken, store-unavailable
 */
export async function updateSubscription(
  r: Registry,
  actor: Actor,
  id: string,
  input: Given,
  ifMatch?: string,
): Promise<Stored<Subscription>> {
  const fields = parseInput(SubscriptionInput, input)
  return retried(async () => {
    const before = await getSubscription(r, id)
    requireMatch(ifMatch, before.etag)
    const isOffered = await requireOffer(r, fields)
    const { stored, ...steps } = replacement(r, kinds.subscription, before, { ...before.value, ...fields })
    await commit(r, actor, {
      ...steps,
      expect: [isOffered, ...steps.expect],
      events: [{ kind: 'identity', applicationId: before.value.applicationId }],
    })
    return stored
  })
}

/** Ends a subscription. Heard by all gateways at once. @throws Problem not-found, precondition-failed, store-unavailable */
export async function deleteSubscription(
  r: Registry,
  actor: Actor,
  id: string,
  ifMatch?: string,
): Promise<void> {
  await retried(async () => {
    const current = await getSubscription(r, id)
    requireMatch(ifMatch, current.etag)
    await commit(r, actor, {
      ...removal(r, kinds.subscription, current),
      events: [{ kind: 'identity', applicationId: current.value.applicationId }],
    })
  })
}

/** A plan that the version does not offer would not be in its snapshot, and its limits would not be kept. */
export async function requireOffer(
  r: Registry,
  { versionId, planId }: SubscriptionInput,
): Promise<Expectation> {
  const version = await find(r, kinds.version, versionId)
  if (!version)
    throw problem('input-invalid', {
      errors: [{ pointer: '/versionId', detail: `there is no version "${versionId}"` }],
    })
  if (planId !== null && !version.value.plans.includes(planId))
    throw problem('input-invalid', {
      errors: [
        { pointer: '/planId', detail: `version ${version.value.name} does not offer the plan "${planId}"` },
      ],
    })
  return isUnchanged(r, kinds.version, version)
}

/** Ids of all versions that an application may call. @throws Problem store-unavailable */
export async function subscribedVersions(r: Registry, applicationId: string): Promise<string[]> {
  const found = await activeSubscriptions(r, await allIds(r, kinds.subscription, applicationId))
  return found.map(({ versionId }) => versionId)
}
