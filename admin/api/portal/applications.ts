import { listApplications } from '../../../registry/partners.ts'
import { deleteOwn, describeOwn, registerOwn } from '../../../registry/portal/applications.ts'
import { ownApplication } from '../../../registry/portal/own.ts'
import { created, list, record, route } from '../../route.ts'
import { Application, listOptions, listQuery, pageOf, replacement } from '../schemas.ts'
import { partnerOf } from './partner.ts'
import { PortalApplicationInput } from './schemas.ts'

const one = '/api/portal/{partner}/applications/{application}'

export const portalApplicationRoutes = [
  route({
    id: 'listOwnApplications',
    method: 'get',
    path: '/api/portal/{partner}/applications',
    tag: 'Portal',
    summary: 'Lists the partner’s applications.',
    permission: 'portal:read',
    query: listQuery({}),
    answer: { status: 200, schema: pageOf(Application) },
    async handle({ registry, params, query }) {
      const partner = await partnerOf(registry, params.partner)
      return list(await listApplications(registry, partner.id, listOptions(query)))
    },
  }),
  route({
    id: 'createOwnApplication',
    method: 'post',
    path: '/api/portal/{partner}/applications',
    tag: 'Portal',
    summary: 'Makes an application; its short name follows from its title.',
    permission: 'portal:write',
    body: PortalApplicationInput,
    answer: { status: 201, schema: Application, hasEtag: true },
    async handle({ registry, actor, params, body }) {
      const partner = await partnerOf(registry, params.partner)
      const stored = await registerOwn(registry, actor, partner.id, body)
      return created(stored, `/api/portal/${params.partner}/applications`)
    },
  }),
  route({
    id: 'getOwnApplication',
    method: 'get',
    path: one,
    tag: 'Portal',
    summary: 'Shows an application.',
    permission: 'portal:read',
    answer: { status: 200, schema: Application, hasEtag: true },
    async handle({ registry, params }) {
      const partner = await partnerOf(registry, params.partner)
      return record(await ownApplication(registry, partner.id, params.application))
    },
  }),
  route({
    id: 'replaceOwnApplication',
    method: 'put',
    path: one,
    tag: 'Portal',
    summary: 'Changes title and description of an application.',
    permission: 'portal:write',
    body: replacement(PortalApplicationInput, ['name', 'isSuspended', 'partnerId']),
    answer: { status: 200, schema: Application, hasEtag: true },
    async handle({ registry, actor, params, body, ifMatch }) {
      const partner = await partnerOf(registry, params.partner)
      return record(await describeOwn(registry, actor, partner.id, params.application, body, ifMatch))
    },
  }),
  route({
    id: 'deleteOwnApplication',
    method: 'delete',
    path: one,
    tag: 'Portal',
    summary:
      'Deletes an application with its credentials and subscriptions; its keys and tokens end at once.',
    permission: 'portal:write',
    answer: { status: 204 },
    async handle({ registry, actor, params, ifMatch }) {
      const partner = await partnerOf(registry, params.partner)
      await deleteOwn(registry, actor, partner.id, params.application, ifMatch)
      return {}
    },
  }),
]
