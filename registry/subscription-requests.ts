import { z } from 'zod'
import { problem } from './base/problem.ts'
import { commit, retried } from './commit.ts'
import { kinds } from './kinds.ts'
import { type Application, type Subscription, SubscriptionInput } from './model.ts'
import { offerTo } from './portal/offers.ts'
import { insertion, isUnchanged, kept, replacement, type Steps } from './records.ts'
import { guarded } from './redis.ts'
import {
  type Actor,
  find,
  findByName,
  get,
  type ListOptions,
  list,
  type Page,
  parseInput,
  type Registry,
  type Stored,
} from './store.ts'
import { requireOffer } from './subscriptions.ts'

/**
 * Subscriptions that partners ask for themselves. The plan says whether one is active at once or waits for the platform
 * team; a version without plans always waits: nothing is opened that nobody has decided to open.
 */

export const SubscriptionRequest = z.strictObject({
  versionId: SubscriptionInput.shape.versionId,
  planId: SubscriptionInput.shape.planId.describe(
    'One of the plans on offer; `null` only where there are none.',
  ),
  note: z.string().trim().max(1_000).default('').describe('What it is for, told to who decides.'),
})
export type SubscriptionRequest = z.infer<typeof SubscriptionRequest>

type Owner = Pick<Application, 'id' | 'partnerId'>

/**
 * Asks for the right to use a version; one that was declined may be asked for again.
 *
 * @throws Problem `not-found` when the partner sees no such version, `input-invalid` when it does not offer the plan
 * @throws Problem `name-taken` when the application has a subscription, or asks for one already
 * @throws Problem store-unavailable
 */
export async function requestSubscription(
  r: Registry,
  actor: Actor,
  applicationId: string,
  input: z.input<typeof SubscriptionRequest>,
): Promise<Stored<Subscription>> {
  return retried(async () => {
    const { value: application } = await get(r, kinds.application, applicationId)
    const { stored, ...steps } = await request(r, actor, application, input)
    await commit(r, actor, { ...steps, events: [{ kind: 'identity', applicationId }] })
    return stored
  })
}

/** The steps that ask for a subscription, for a commit together with others. Throws as `requestSubscription` does. */
export async function request(
  r: Registry,
  actor: Actor,
  application: Owner,
  input: z.input<typeof SubscriptionRequest>,
): Promise<Steps & { stored: Stored<Subscription> }> {
  const { versionId, planId, note } = parseInput(SubscriptionRequest, input)
  const { version, plans } = await offerTo(r, application.partnerId, versionId)
  const plan = plans.find(({ id }) => id === planId)
  if (!plan && (planId !== null || plans.length > 0)) {
    const choice = plans.map(({ id, name }) => `${name} (${id})`).join(', ')
    const detail =
      plans.length > 0 ? `choose one of the plans on offer: ${choice}` : 'it offers no plans: send null'
    throw problem('input-invalid', { errors: [{ pointer: '/planId', detail }] })
  }
  const isOffered = await requireOffer(r, { versionId: version.id, planId, scopes: null })
  const fields = {
    versionId,
    planId,
    scopes: null,
    applicationId: application.id,
    partnerId: application.partnerId,
    state: plan?.approval === 'auto' ? ('active' as const) : ('pending' as const),
    request: { by: actor.id, at: r.now(), note },
    decision: null,
  }
  const before = await findByName(r, kinds.subscription, versionId, application.id)
  const { stored, ...steps } =
    before?.value.state === 'declined'
      ? replacement(r, kinds.subscription, before, { ...before.value, ...fields }, 'request')
      : insertion(r, kinds.subscription, { ...kept(r, kinds.subscription), ...fields }, 'request')
  return { stored, ...steps, expect: [isOffered, ...steps.expect] }
}

export interface Decision {
  readonly isApproved: boolean
  /** Told to the partner. */
  readonly reason: string
}

/**
 * Approves or declines what a partner asked for. Heard by all gateways at once. No secret is made: the partner makes
 * its key when it comes for it.
 *
 * @throws Problem `state-conflict` when it waits for no decision, or its plan is no longer on offer
 * @throws Problem not-found, store-unavailable
 */
export async function decideSubscription(
  r: Registry,
  actor: Actor,
  id: string,
  { isApproved, reason }: Decision,
): Promise<Stored<Subscription>> {
  return retried(async () => {
    const before = await get(r, kinds.subscription, id)
    const { value } = before
    if (value.state !== 'pending')
      throw problem('state-conflict', { detail: `It is ${value.state}: there is nothing to decide.` })
    const after: Subscription = {
      ...value,
      state: isApproved ? 'active' : 'declined',
      decision: { by: actor.id, at: r.now(), reason },
    }
    const action = isApproved ? 'approve' : 'decline'
    const { stored, ...steps } = replacement(r, kinds.subscription, before, after, action)
    const version = await find(r, kinds.version, value.versionId)
    const isStillOffered = version && (value.planId === null || version.value.plans.includes(value.planId))
    if (isApproved && !isStillOffered)
      throw problem('state-conflict', { detail: 'Its version no longer offers that plan: decline it.' })
    await commit(r, actor, {
      ...steps,
      expect: [...(version ? [isUnchanged(r, kinds.version, version)] : []), ...steps.expect],
      events: [{ kind: 'identity', applicationId: value.applicationId }],
    })
    return stored
  })
}

/** One page of the subscriptions that wait, oldest first, and how many wait. @throws Problem store-unavailable */
export async function listPending(
  r: Registry,
  options: ListOptions<Subscription> = {},
): Promise<Page<Subscription> & { total: number }> {
  const [page, total] = await Promise.all([
    list(r, kinds.subscription, { ...options, mark: 'pending' }),
    guarded(r.redis.zcard(r.keys.marked('subscription', 'pending'))),
  ])
  return { ...page, total }
}
