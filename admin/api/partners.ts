import { PartnerInput } from '../../registry/model.ts'
import {
  createPartner,
  deletePartner,
  getPartner,
  listPartners,
  updatePartner,
} from '../../registry/partners.ts'
import { created, list, record, route } from '../route.ts'
import { listOptions, listQuery, nameFilter, Partner, pageOf, replacement, yesNo } from './schemas.ts'

export const partnerRoutes = [
  route({
    id: 'listPartners',
    method: 'get',
    path: '/api/partners',
    tag: 'Partners',
    summary: 'Lists the partners: the organisations that are allowed in.',
    permission: 'read',
    query: listQuery({
      ...nameFilter,
      isSuspended: yesNo.optional().describe('Only suspended ones, or only others.'),
    }),
    answer: { status: 200, schema: pageOf(Partner) },
    handle: async ({ registry, query }) => list(await listPartners(registry, listOptions(query))),
  }),
  route({
    id: 'createPartner',
    method: 'post',
    path: '/api/partners',
    tag: 'Partners',
    summary: 'Makes a partner.',
    permission: 'write',
    body: PartnerInput,
    answer: { status: 201, schema: Partner, hasEtag: true },
    refuses: ['name-taken'],
    handle: async ({ registry, actor, body }) =>
      created(await createPartner(registry, actor, body), '/api/partners'),
  }),
  route({
    id: 'getPartner',
    method: 'get',
    path: '/api/partners/{partner}',
    tag: 'Partners',
    summary: 'Shows a partner, by id or name.',
    permission: 'read',
    answer: { status: 200, schema: Partner, hasEtag: true },
    handle: async ({ registry, params }) => record(await getPartner(registry, params.partner)),
  }),
  route({
    id: 'replacePartner',
    method: 'put',
    path: '/api/partners/{partner}',
    tag: 'Partners',
    summary: 'Replaces a partner whole. `isSuspended` takes effect at every gateway within a second.',
    permission: 'write',
    body: replacement(PartnerInput),
    answer: { status: 200, schema: Partner, hasEtag: true },
    refuses: ['name-taken'],
    async handle({ registry, actor, params, body, ifMatch }) {
      const { value } = await getPartner(registry, params.partner)
      return record(await updatePartner(registry, actor, value.id, body, ifMatch))
    },
  }),
  route({
    id: 'deletePartner',
    method: 'delete',
    path: '/api/partners/{partner}',
    tag: 'Partners',
    summary: 'Deletes a partner that has no applications.',
    permission: 'write',
    answer: { status: 204 },
    refuses: ['state-conflict'],
    async handle({ registry, actor, params, ifMatch }) {
      const { value } = await getPartner(registry, params.partner)
      await deletePartner(registry, actor, value.id, ifMatch)
      return {}
    },
  }),
]
