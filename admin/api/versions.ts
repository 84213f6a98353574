import {
  createVersion,
  deleteVersion,
  getApi,
  getVersion,
  listVersions,
  updateVersion,
} from '../../registry/apis.ts'
import { VersionInput } from '../../registry/model.ts'
import { created, list, record, route } from '../route.ts'
import { requireGoodPolicies } from './policy-configs.ts'
import { listOptions, listQuery, nameFilter, pageOf, replacement, Version } from './schemas.ts'

export const versionRoutes = [
  route({
    id: 'listVersions',
    method: 'get',
    path: '/api/versions',
    tag: 'Versions',
    summary: 'Lists the versions of all APIs.',
    permission: 'read',
    query: listQuery(nameFilter),
    answer: { status: 200, schema: pageOf(Version) },
    handle: async ({ registry, query }) => list(await listVersions(registry, undefined, listOptions(query))),
  }),
  route({
    id: 'listVersionsOfApi',
    method: 'get',
    path: '/api/apis/{api}/versions',
    tag: 'Versions',
    summary: 'Lists the versions of an API.',
    permission: 'read',
    query: listQuery(nameFilter),
    answer: { status: 200, schema: pageOf(Version) },
    async handle({ registry, params, query }) {
      const { value } = await getApi(registry, params.api)
      return list(await listVersions(registry, value.id, listOptions(query)))
    },
  }),
  route({
    id: 'createVersion',
    method: 'post',
    path: '/api/apis/{api}/versions',
    tag: 'Versions',
    summary: 'Makes a version of an API. It gets its operations from a document, which is put next.',
    permission: 'write',
    body: VersionInput,
    answer: { status: 201, schema: Version, hasEtag: true },
    refuses: ['name-taken'],
    async handle({ registry, actor, params, body }) {
      requireGoodPolicies(body)
      const { value } = await getApi(registry, params.api)
      return created(await createVersion(registry, actor, value.id, body), '/api/versions')
    },
  }),
  route({
    id: 'getVersion',
    method: 'get',
    path: '/api/versions/{version}',
    tag: 'Versions',
    summary: 'Shows a version.',
    permission: 'read',
    answer: { status: 200, schema: Version, hasEtag: true },
    handle: async ({ registry, params }) => record(await getVersion(registry, params.version)),
  }),
  route({
    id: 'replaceVersion',
    method: 'put',
    path: '/api/versions/{version}',
    tag: 'Versions',
    summary: 'Replaces the settings of a version whole; its document stays.',
    permission: 'write',
    body: replacement(VersionInput, ['apiId', 'revision']),
    answer: { status: 200, schema: Version, hasEtag: true },
    refuses: ['name-taken'],
    async handle({ registry, actor, params, body, ifMatch }) {
      requireGoodPolicies(body)
      return record(await updateVersion(registry, actor, params.version, body, ifMatch))
    },
  }),
  route({
    id: 'deleteVersion',
    method: 'delete',
    path: '/api/versions/{version}',
    tag: 'Versions',
    summary: 'Deletes a version that nothing refers to.',
    permission: 'write',
    answer: { status: 204 },
    refuses: ['state-conflict'],
    async handle({ registry, actor, params, ifMatch }) {
      await deleteVersion(registry, actor, params.version, ifMatch)
      return {}
    },
  }),
]
