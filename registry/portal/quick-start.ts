import { z } from 'zod'
import { problem } from '../base/problem.ts'
import { hashSecret } from '../base/secrets.ts'
import { commit, type Expectation, retried } from '../commit.ts'
import { issue } from '../credentials.ts'
import { kinds } from '../kinds.ts'
import {
  type Application,
  ApplicationInput,
  type Credential,
  Environment,
  type Subscription,
} from '../model.ts'
import { insertion, isUnchanged, joined, kept, type Steps } from '../records.ts'
import { guarded } from '../redis.ts'
import { type Actor, find, findByName, parseInput, type Registry, type Stored } from '../store.ts'
import { request, SubscriptionRequest } from '../subscription-requests.ts'
import { freeName } from './names.ts'
import { ownApplication } from './own.ts'

export const QuickStart = z.strictObject({
  requestId: z
    .string()
    .regex(/^[A-Za-z0-9-]{16,64}$/, 'use 16 to 64 letters, digits and dashes, e.g. a UUID')
    .describe('Made by the caller, anew for each start: the same one again makes nothing more.'),
  ...SubscriptionRequest.shape,
  environment: Environment.default('sandbox'),
  applicationId: z
    .string()
    .max(64)
    .optional()
    .describe('An application that is there; absent: a new one is made.'),
  title: ApplicationInput.shape.title.optional().describe('Of the new application, for people.'),
})
export type QuickStart = z.infer<typeof QuickStart>

export interface Started {
  readonly application: Stored<Application>
  readonly subscription: Stored<Subscription>
  /** `undefined` while the subscription waits: the key is made when the partner comes for it. */
  readonly credential: Stored<Credential> | undefined
  /** '' where there is none, and when the same request came before: it was shown then. */
  readonly secret: string
  /** Whether the same request came before, and nothing was made now. */
  readonly isRepeat: boolean
}

/** So long a request that comes again is known. */
const keptMs = 86_400_000

/**
 * An application, its subscription and its first API key in one step: all of it, or nothing. However often the same
 * request comes, and however many at a time, all is made once, and one answer holds the secret.
 *
 * @throws Problem `state-conflict` when the request's id was used for something else
 * @throws Problem input-invalid, not-found, store-unavailable
 */
export async function quickStart(
  r: Registry,
  actor: Actor,
  partnerId: string,
  input: z.input<typeof QuickStart>,
): Promise<Started> {
  const fields = parseInput(QuickStart, input)
  if ((fields.applicationId === undefined) === (fields.title === undefined))
    throw problem('input-invalid', {
      errors: [
        { pointer: '/title', detail: 'give either an applicationId or the title of a new application' },
      ],
    })
  const { requestId, ...wanted } = fields
  const key = r.keys.request(partnerId, hashSecret(r.secrets.hashKey, `request ${requestId}`))
  const wish = JSON.stringify(wanted)
  return retried(async () => {
    const before = await guarded(r.redis.get(key))
    if (before !== null) return repeated(r, JSON.parse(before), wish)
    const { application, ...made } = await applicationFor(r, partnerId, fields)
    const { subscription, ...asked } = await subscriptionFor(r, actor, application.value, fields)
    const given =
      subscription.value.state === 'active'
        ? issue(r, actor, application.value, {
            kind: 'api-key',
            environment: fields.environment,
            title: application.value.title.slice(0, 200),
          })
        : undefined
    const steps = joined(made, asked, ...(given ? [given] : []))
    const memory: Memory = {
      wish,
      applicationId: application.value.id,
      subscriptionId: subscription.value.id,
      credentialId: given?.credential.value.id ?? null,
    }
    await commit(r, actor, {
      expect: [
        { check: ['absent', key], otherwise: 'precondition-failed' },
        ...withinThisCommit(steps.expect, application.value.id, r).map(retriedWhenTaken),
      ],
      write: [...steps.write, ['keep', key, JSON.stringify(memory), keptMs]],
      audit: steps.audit,
      events: [{ kind: 'identity', applicationId: application.value.id }],
    })
    const { credential, secret = '' } = given ?? {}
    return { application, subscription, credential, secret, isRepeat: false }
  })
}

interface Memory {
  readonly wish: string
  readonly applicationId: string
  readonly subscriptionId: string
  readonly credentialId: string | null
}

async function repeated(r: Registry, memory: Memory, wish: string): Promise<Started> {
  if (memory.wish !== wish)
    throw problem('state-conflict', {
      detail: 'This requestId was used for another request: take a new one.',
    })
  const [application, subscription, credential] = await Promise.all([
    find(r, kinds.application, memory.applicationId),
    find(r, kinds.subscription, memory.subscriptionId),
    memory.credentialId === null ? undefined : find(r, kinds.credential, memory.credentialId),
  ])
  if (!application || !subscription)
    throw problem('state-conflict', { detail: 'What this request made was deleted: take a new requestId.' })
  return { application, subscription, credential, secret: '', isRepeat: true }
}

type With<T extends string, V> = Steps & { readonly [name in T]: Stored<V> }

async function applicationFor(
  r: Registry,
  partnerId: string,
  { applicationId, title = '' }: QuickStart,
): Promise<With<'application', Application>> {
  if (applicationId !== undefined) {
    const application = await ownApplication(r, partnerId, applicationId)
    return { application, expect: [isUnchanged(r, kinds.application, application)], write: [], audit: [] }
  }
  const { stored, ...steps } = insertion(r, kinds.application, {
    ...kept(r, kinds.application),
    ...parseInput(ApplicationInput, { name: await freeName(r, partnerId, title), title }),
    partnerId,
  })
  return { application: stored, ...steps }
}

async function subscriptionFor(
  r: Registry,
  actor: Actor,
  application: Application,
  { versionId, planId, note }: QuickStart,
): Promise<With<'subscription', Subscription>> {
  const there = await findByName(r, kinds.subscription, versionId, application.id)
  if (there && there.value.state !== 'declined')
    return {
      subscription: there,
      expect: [isUnchanged(r, kinds.subscription, there)],
      write: [],
      audit: [],
    }
  const { stored, ...steps } = await request(r, actor, application, { versionId, planId, note })
  return { subscription: stored, ...steps }
}

/** The application may come into being in this very commit: then nobody need find it there beforehand. */
function withinThisCommit(expect: readonly Expectation[], applicationId: string, r: Registry): Expectation[] {
  const key = r.keys.record('application', applicationId)
  return expect.filter(({ check }) => check[0] !== 'exists' || check[1] !== key)
}

/** Somebody took the name meanwhile: the next attempt finds another. */
const retriedWhenTaken = (one: Expectation): Expectation =>
  one.check[0] === 'free' ? { ...one, otherwise: 'precondition-failed' } : one
