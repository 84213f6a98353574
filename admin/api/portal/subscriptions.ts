import { z } from 'zod'
import { deleteSubscription } from '../../../registry/partners.ts'
import { subscriptionsOfPartner } from '../../../registry/portal/offers.ts'
import { ownApplication, ownSubscription } from '../../../registry/portal/own.ts'
import { requestSubscription, SubscriptionRequest } from '../../../registry/subscription-requests.ts'
import { route } from '../../route.ts'
import { partnerOf } from './partner.ts'
import { PortalSubscription } from './schemas.ts'
import { subscriptionViewer } from './views.ts'

export const portalSubscriptionRoutes = [
  route({
    id: 'listOwnSubscriptions',
    method: 'get',
    path: '/api/portal/{partner}/subscriptions',
    tag: 'Portal',
    summary: 'Lists the subscriptions of all of the partner’s applications, those that wait too.',
    permission: 'portal:read',
    query: z.strictObject({
      applicationId: z.string().max(64).optional().describe('Only of this application.'),
    }),
    answer: { status: 200, schema: z.object({ items: z.array(PortalSubscription) }) },
    async handle({ registry, params, query }) {
      const partner = await partnerOf(registry, params.partner)
      const all = await subscriptionsOfPartner(registry, partner.id)
      const items = query.applicationId
        ? all.filter(({ value }) => value.applicationId === query.applicationId)
        : all
      const view = await subscriptionViewer(registry, partner.id, items)
      return { body: { items: items.map(({ value }) => view(value)) } }
    },
  }),
  route({
    id: 'requestSubscription',
    method: 'post',
    path: '/api/portal/{partner}/applications/{application}/subscriptions',
    tag: 'Portal',
    summary: 'Asks for the right to use a version; the plan says whether it is given at once.',
    description: 'One that was declined may be asked for again.',
    permission: 'portal:write',
    body: SubscriptionRequest,
    answer: { status: 201, schema: PortalSubscription },
    refuses: ['name-taken'],
    async handle({ registry, actor, params, body }) {
      const partner = await partnerOf(registry, params.partner)
      const { value } = await ownApplication(registry, partner.id, params.application)
      const stored = await requestSubscription(registry, actor, value.id, body)
      const view = await subscriptionViewer(registry, partner.id, [stored])
      return { body: view(stored.value) }
    },
  }),
  route({
    id: 'deleteOwnSubscription',
    method: 'delete',
    path: '/api/portal/{partner}/subscriptions/{subscription}',
    tag: 'Portal',
    summary: 'Ends a subscription, or takes a request back. Calls are refused within a second.',
    permission: 'portal:write',
    answer: { status: 204 },
    async handle({ registry, actor, params, ifMatch }) {
      const partner = await partnerOf(registry, params.partner)
      await ownSubscription(registry, partner.id, params.subscription)
      await deleteSubscription(registry, actor, params.subscription, ifMatch)
      return {}
    },
  }),
]
