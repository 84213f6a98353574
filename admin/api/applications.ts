import { ApplicationInput } from '../../registry/model.ts'
import {
  createApplication,
  deleteApplication,
  getApplication,
  getPartner,
  listApplications,
  updateApplication,
} from '../../registry/partners.ts'
import { created, list, record, route } from '../route.ts'
import { Application, listOptions, listQuery, nameFilter, pageOf, replacement, yesNo } from './schemas.ts'

const query = listQuery({
  ...nameFilter,
  isSuspended: yesNo.optional().describe('Only suspended ones, or only others.'),
})

export const applicationRoutes = [
  route({
    id: 'listApplications',
    method: 'get',
    path: '/api/applications',
    tag: 'Applications',
    summary: 'Lists the applications of all partners.',
    permission: 'read',
    query,
    answer: { status: 200, schema: pageOf(Application) },
    handle: async ({ registry, query }) =>
      list(await listApplications(registry, undefined, listOptions(query))),
  }),
  route({
    id: 'listApplicationsOfPartner',
    method: 'get',
    path: '/api/partners/{partner}/applications',
    tag: 'Applications',
    summary: 'Lists the applications of a partner.',
    permission: 'read',
    query,
    answer: { status: 200, schema: pageOf(Application) },
    async handle({ registry, params, query }) {
      const { value } = await getPartner(registry, params.partner)
      return list(await listApplications(registry, value.id, listOptions(query)))
    },
  }),
  route({
    id: 'createApplication',
    method: 'post',
    path: '/api/partners/{partner}/applications',
    tag: 'Applications',
    summary: 'Makes an application of a partner.',
    permission: 'write',
    body: ApplicationInput,
    answer: { status: 201, schema: Application, hasEtag: true },
    refuses: ['name-taken'],
    handle: async ({ registry, actor, params, body }) =>
      created(await createApplication(registry, actor, params.partner, body), '/api/applications'),
  }),
  route({
    id: 'getApplication',
    method: 'get',
    path: '/api/applications/{application}',
    tag: 'Applications',
    summary: 'Shows an application.',
    permission: 'read',
    answer: { status: 200, schema: Application, hasEtag: true },
    handle: async ({ registry, params }) => record(await getApplication(registry, params.application)),
  }),
  route({
    id: 'replaceApplication',
    method: 'put',
    path: '/api/applications/{application}',
    tag: 'Applications',
    summary: 'Replaces an application whole. `isSuspended` takes effect at every gateway within a second.',
    permission: 'write',
    body: replacement(ApplicationInput, ['partnerId']),
    answer: { status: 200, schema: Application, hasEtag: true },
    refuses: ['name-taken'],
    handle: async ({ registry, actor, params, body, ifMatch }) =>
      record(await updateApplication(registry, actor, params.application, body, ifMatch)),
  }),
  route({
    id: 'deleteApplication',
    method: 'delete',
    path: '/api/applications/{application}',
    tag: 'Applications',
    summary:
      'Deletes an application with its credentials and subscriptions; its keys and tokens end at once.',
    permission: 'write',
    answer: { status: 204 },
    async handle({ registry, actor, params, ifMatch }) {
      await deleteApplication(registry, actor, params.application, ifMatch)
      return {}
    },
  }),
]
