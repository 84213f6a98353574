import { z } from 'zod'
import { noticesFor } from '../../../registry/portal/notices.ts'
import { route } from '../../route.ts'
import { partnerOf } from './partner.ts'
import { Notice, PortalVersion } from './schemas.ts'
import { catalogView } from './views.ts'

export const portalCatalogRoutes = [
  route({
    id: 'listCatalog',
    method: 'get',
    path: '/api/portal/{partner}/catalog',
    tag: 'Portal',
    summary: 'Lists the API versions that the partner may see, with their plans and its subscriptions.',
    permission: 'portal:read',
    answer: { status: 200, schema: z.object({ items: z.array(PortalVersion) }) },
    async handle({ registry, config, params }) {
      const partner = await partnerOf(registry, params.partner)
      return { body: { items: await catalogView(registry, partner.id, config) } }
    },
  }),
  route({
    id: 'listNotices',
    method: 'get',
    path: '/api/portal/{partner}/notices',
    tag: 'Portal',
    summary: 'Lists what the partner should know of or do something about, urgent ones first.',
    permission: 'portal:read',
    answer: { status: 200, schema: z.object({ items: z.array(Notice) }) },
    async handle({ registry, params }) {
      const partner = await partnerOf(registry, params.partner)
      return { body: { items: await noticesFor(registry, partner.id) } }
    },
  }),
]
