import { z } from 'zod'
import { asProblem } from '../../registry/base/problem.ts'
import { kinds } from '../../registry/kinds.ts'
import type { Subscription as Kept } from '../../registry/model.ts'
import { findMany, type Registry, type Stored } from '../../registry/store.ts'
import { decideSubscription, listPending } from '../../registry/subscription-requests.ts'
import { record, route } from '../route.ts'
import { listOptions, listQuery, pageOf, Subscription } from './schemas.ts'

const Named = z.object({ id: z.string(), name: z.string(), title: z.string() })

const Approval = z
  .object({
    subscription: Subscription,
    partner: Named.nullable(),
    application: Named.nullable(),
    api: Named.nullable(),
    version: Named.nullable(),
    plan: Named.nullable().describe('`null`: the version offers none.'),
  })
  .meta({ id: 'Approval' })

const reason = z.string().trim().max(1_000).describe('Told to the partner.')

export const approvalRoutes = [
  route({
    id: 'listApprovals',
    method: 'get',
    path: '/api/approvals',
    tag: 'Approvals',
    summary: 'Lists the subscriptions that partners asked for and that wait for a decision, oldest first.',
    permission: 'read',
    query: listQuery({ partnerId: z.string().max(64).optional().describe('Only of this partner.') }),
    answer: {
      status: 200,
      schema: pageOf(Approval).extend({ total: z.int().describe('How many wait in all.') }),
    },
    async handle({ registry, query }) {
      const { items, next, total } = await listPending(registry, listOptions(query))
      return { body: { items: await withContext(registry, items), next, total } }
    },
  }),
  route({
    id: 'approveSubscription',
    method: 'post',
    path: '/api/approvals/{subscription}/approve',
    tag: 'Approvals',
    summary: 'Approves a subscription. Its application may call within a second.',
    description: 'No secret is made: the partner makes its key when it comes for it.',
    permission: 'write',
    body: z.strictObject({ reason: reason.default('') }),
    answer: { status: 200, schema: Subscription, hasEtag: true },
    refuses: ['state-conflict'],
    handle: async ({ registry, actor, params, body }) =>
      record(await decideSubscription(registry, actor, params.subscription, { isApproved: true, ...body })),
  }),
  route({
    id: 'declineSubscription',
    method: 'post',
    path: '/api/approvals/{subscription}/decline',
    tag: 'Approvals',
    summary: 'Declines a subscription, and says why.',
    permission: 'write',
    body: z.strictObject({ reason: reason.min(1, 'say why: the partner is told') }),
    answer: { status: 200, schema: Subscription, hasEtag: true },
    refuses: ['state-conflict'],
    handle: async ({ registry, actor, params, body }) =>
      record(await decideSubscription(registry, actor, params.subscription, { isApproved: false, ...body })),
  }),
  route({
    id: 'decideSubscriptions',
    method: 'post',
    path: '/api/approvals/decide',
    tag: 'Approvals',
    summary: 'Approves or declines several subscriptions, each by itself.',
    permission: 'write',
    body: z
      .strictObject({
        subscriptions: z.array(z.string().max(64)).min(1).max(100).describe('Their ids.'),
        isApproved: z.boolean(),
        reason: reason.default(''),
      })
      .refine((body) => body.isApproved || body.reason !== '', {
        path: ['reason'],
        message: 'say why: the partner is told',
      }),
    answer: {
      status: 200,
      schema: z.object({
        decided: z.array(z.string()),
        failed: z.array(z.object({ subscription: z.string(), code: z.string(), detail: z.string() })),
      }),
    },
    async handle({ registry, actor, body: { subscriptions, ...decision } }) {
      const decided: string[] = []
      const failed: { subscription: string; code: string; detail: string }[] = []
      for (const subscription of new Set(subscriptions)) {
        try {
          await decideSubscription(registry, actor, subscription, decision)
          decided.push(subscription)
        } catch (error) {
          const { code, message } = asProblem(error)
          if (code === 'internal' || code === 'store-unavailable') throw error
          failed.push({ subscription, code, detail: message })
        }
      }
      return { body: { decided, failed } }
    },
  }),
]

/** Who asks for what, by name. */
async function withContext(r: Registry, items: readonly Stored<Kept>[]) {
  const all = items.map(({ value }) => value)
  const unique = (ids: readonly (string | null | undefined)[]) => [
    ...new Set(ids.filter((id) => id !== null && id !== undefined)),
  ]
  const [partners, applications, versions, plans] = await Promise.all([
    findMany(r, kinds.partner, unique(all.map(({ partnerId }) => partnerId))),
    findMany(r, kinds.application, unique(all.map(({ applicationId }) => applicationId))),
    findMany(r, kinds.version, unique(all.map(({ versionId }) => versionId))),
    findMany(r, kinds.plan, unique(all.map(({ planId }) => planId))),
  ])
  const apis = await findMany(r, kinds.api, unique(versions.map((one) => one?.value.apiId)))
  return all.map((subscription) => {
    const version = named(versions, subscription.versionId)
    return {
      subscription,
      partner: named(partners, subscription.partnerId),
      application: named(applications, subscription.applicationId),
      api: named(apis, versions.find((one) => one?.value.id === version?.id)?.value.apiId),
      version,
      plan: named(plans, subscription.planId),
    }
  })
}

function named(
  found: readonly (Stored<{ id: string; name: string; title: string }> | undefined)[],
  id: string | null | undefined,
) {
  const value = found.find((one) => one?.value.id === id)?.value
  return value ? { id: value.id, name: value.name, title: value.title } : null
}
