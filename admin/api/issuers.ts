import { IssuerInput } from '../../registry/issuer-model.ts'
import { createIssuer, deleteIssuer, getIssuer, listIssuers, updateIssuer } from '../../registry/issuers.ts'
import { created, list, record, route } from '../route.ts'
import { Issuer, listOptions, listQuery, nameFilter, pageOf, replacement } from './schemas.ts'

export const issuerRoutes = [
  route({
    id: 'listIssuers',
    method: 'get',
    path: '/api/issuers',
    tag: 'Issuers',
    summary: 'Lists the issuers outside the platform whose tokens are taken.',
    permission: 'read',
    query: listQuery(nameFilter),
    answer: { status: 200, schema: pageOf(Issuer) },
    handle: async ({ registry, query }) => list(await listIssuers(registry, listOptions(query))),
  }),
  route({
    id: 'createIssuer',
    method: 'post',
    path: '/api/issuers',
    tag: 'Issuers',
    summary: 'Makes an issuer known. Its tokens are taken from that moment, without a publish.',
    permission: 'credentials',
    body: IssuerInput,
    answer: { status: 201, schema: Issuer, hasEtag: true },
    refuses: ['name-taken', 'state-conflict'],
    handle: async ({ registry, actor, body }) =>
      created(await createIssuer(registry, actor, body), '/api/issuers'),
  }),
  route({
    id: 'getIssuer',
    method: 'get',
    path: '/api/issuers/{issuer}',
    tag: 'Issuers',
    summary: 'Shows an issuer, by id or name; never its client secret.',
    permission: 'read',
    answer: { status: 200, schema: Issuer, hasEtag: true },
    handle: async ({ registry, params }) => record(await getIssuer(registry, params.issuer)),
  }),
  route({
    id: 'replaceIssuer',
    method: 'put',
    path: '/api/issuers/{issuer}',
    tag: 'Issuers',
    summary: 'Replaces an issuer whole. All gateways judge its tokens anew at once.',
    permission: 'credentials',
    body: replacement(IssuerInput),
    answer: { status: 200, schema: Issuer, hasEtag: true },
    refuses: ['name-taken', 'state-conflict'],
    async handle({ registry, actor, params, body, ifMatch }) {
      const { value } = await getIssuer(registry, params.issuer)
      return record(await updateIssuer(registry, actor, value.id, body, ifMatch))
    },
  }),
  route({
    id: 'deleteIssuer',
    method: 'delete',
    path: '/api/issuers/{issuer}',
    tag: 'Issuers',
    summary: 'Forgets an issuer: its tokens are refused at once.',
    permission: 'credentials',
    answer: { status: 204 },
    async handle({ registry, actor, params, ifMatch }) {
      const { value } = await getIssuer(registry, params.issuer)
      await deleteIssuer(registry, actor, value.id, ifMatch)
      return {}
    },
  }),
]
