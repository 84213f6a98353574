import { createApi, deleteApi, getApi, listApis, updateApi } from '../../registry/apis.ts'
import { ApiInput } from '../../registry/model.ts'
import { created, list, record, route } from '../route.ts'
import { requireGoodPolicies } from './policy-configs.ts'
import { Api, listOptions, listQuery, nameFilter, pageOf, replacement } from './schemas.ts'

export const apiRoutes = [
  route({
    id: 'listApis',
    method: 'get',
    path: '/api/apis',
    tag: 'APIs',
    summary: 'Lists the APIs.',
    permission: 'read',
    query: listQuery(nameFilter),
    answer: { status: 200, schema: pageOf(Api) },
    handle: async ({ registry, query }) => list(await listApis(registry, listOptions(query))),
  }),
  route({
    id: 'createApi',
    method: 'post',
    path: '/api/apis',
    tag: 'APIs',
    summary: 'Makes an API. It gets versions next, and is a draft until it is published.',
    permission: 'write',
    body: ApiInput,
    answer: { status: 201, schema: Api, hasEtag: true },
    refuses: ['name-taken'],
    async handle({ registry, actor, body }) {
      requireGoodPolicies(body)
      return created(await createApi(registry, actor, body), '/api/apis')
    },
  }),
  route({
    id: 'getApi',
    method: 'get',
    path: '/api/apis/{api}',
    tag: 'APIs',
    summary: 'Shows an API, by id or name.',
    permission: 'read',
    answer: { status: 200, schema: Api, hasEtag: true },
    handle: async ({ registry, params }) => record(await getApi(registry, params.api)),
  }),
  route({
    id: 'replaceApi',
    method: 'put',
    path: '/api/apis/{api}',
    tag: 'APIs',
    summary: 'Replaces an API whole.',
    permission: 'write',
    body: replacement(ApiInput),
    answer: { status: 200, schema: Api, hasEtag: true },
    refuses: ['name-taken'],
    async handle({ registry, actor, params, body, ifMatch }) {
      requireGoodPolicies(body)
      const { value } = await getApi(registry, params.api)
      return record(await updateApi(registry, actor, value.id, body, ifMatch))
    },
  }),
  route({
    id: 'deleteApi',
    method: 'delete',
    path: '/api/apis/{api}',
    tag: 'APIs',
    summary: 'Deletes an API that has no versions and is not published.',
    permission: 'write',
    answer: { status: 204 },
    refuses: ['state-conflict'],
    async handle({ registry, actor, params, ifMatch }) {
      const { value } = await getApi(registry, params.api)
      await deleteApi(registry, actor, value.id, ifMatch)
      return {}
    },
  }),
]
