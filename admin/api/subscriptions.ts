import { SubscriptionInput } from '../../registry/model.ts'
import {
  createSubscription,
  deleteSubscription,
  getApplication,
  getSubscription,
  listSubscriptions,
  updateSubscription,
} from '../../registry/partners.ts'
import { created, list, record, route } from '../route.ts'
import { listOptions, listQuery, pageOf, replacement, Subscription } from './schemas.ts'

export const subscriptionRoutes = [
  route({
    id: 'listSubscriptions',
    method: 'get',
    path: '/api/applications/{application}/subscriptions',
    tag: 'Subscriptions',
    summary: 'Lists the subscriptions of an application.',
    permission: 'read',
    query: listQuery({}),
    answer: { status: 200, schema: pageOf(Subscription) },
    async handle({ registry, params, query }) {
      const { value } = await getApplication(registry, params.application)
      return list(await listSubscriptions(registry, value.id, listOptions(query)))
    },
  }),
  route({
    id: 'createSubscription',
    method: 'post',
    path: '/api/applications/{application}/subscriptions',
    tag: 'Subscriptions',
    summary: 'Lets an application use a version, under a plan or without one. Takes effect at once.',
    permission: 'write',
    body: SubscriptionInput,
    answer: { status: 201, schema: Subscription, hasEtag: true },
    refuses: ['name-taken', 'state-conflict'],
    handle: async ({ registry, actor, params, body }) =>
      created(await createSubscription(registry, actor, params.application, body), '/api/subscriptions'),
  }),
  route({
    id: 'getSubscription',
    method: 'get',
    path: '/api/subscriptions/{subscription}',
    tag: 'Subscriptions',
    summary: 'Shows a subscription.',
    permission: 'read',
    answer: { status: 200, schema: Subscription, hasEtag: true },
    handle: async ({ registry, params }) => record(await getSubscription(registry, params.subscription)),
  }),
  route({
    id: 'replaceSubscription',
    method: 'put',
    path: '/api/subscriptions/{subscription}',
    tag: 'Subscriptions',
    summary: 'Replaces a subscription whole, e.g. to move it to another plan.',
    permission: 'write',
    body: replacement(SubscriptionInput, ['applicationId', 'partnerId', 'state', 'request', 'decision']),
    answer: { status: 200, schema: Subscription, hasEtag: true },
    refuses: ['state-conflict'],
    handle: async ({ registry, actor, params, body, ifMatch }) =>
      record(await updateSubscription(registry, actor, params.subscription, body, ifMatch)),
  }),
  route({
    id: 'deleteSubscription',
    method: 'delete',
    path: '/api/subscriptions/{subscription}',
    tag: 'Subscriptions',
    summary: 'Ends a subscription. Calls are refused at every gateway within a second.',
    permission: 'write',
    answer: { status: 204 },
    async handle({ registry, actor, params, ifMatch }) {
      await deleteSubscription(registry, actor, params.subscription, ifMatch)
      return {}
    },
  }),
]
