import { QuickStart, quickStart } from '../../../registry/portal/quick-start.ts'
import { route } from '../../route.ts'
import { viewer } from '../credential-view.ts'
import { partnerOf } from './partner.ts'
import { Started } from './schemas.ts'
import { subscriptionViewer } from './views.ts'

export const portalQuickStartRoutes = [
  route({
    id: 'quickStart',
    method: 'post',
    path: '/api/portal/{partner}/quick-start',
    tag: 'Portal',
    summary: 'Makes an application, its subscription and its first API key in one step.',
    description:
      'All of it or nothing, and once only: the same `requestId` again makes nothing more, and does not show the secret again. Where the plan asks for approval there is no key yet.',
    permission: 'portal:write',
    body: QuickStart,
    answer: { status: 200, schema: Started },
    refuses: ['state-conflict'],
    async handle({ registry, actor, params, body }) {
      const partner = await partnerOf(registry, params.partner)
      const made = await quickStart(registry, actor, partner.id, body)
      const { application, subscription, credential, secret, isRepeat } = made
      const [view, showCredential] = await Promise.all([
        subscriptionViewer(registry, partner.id, [subscription]),
        viewer(registry, credential ? [credential] : []),
      ])
      return {
        body: {
          application: application.value,
          subscription: view(subscription.value),
          credential: credential ? showCredential(credential.value) : null,
          secret: secret || null,
          isRepeat,
        },
      }
    },
  }),
]
