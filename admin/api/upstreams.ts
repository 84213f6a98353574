import { z } from 'zod'
import { problem } from '../../registry/base/problem.ts'
import { UpstreamInput, type Upstream as UpstreamRecord } from '../../registry/model.ts'
import {
  createUpstream,
  deleteUpstream,
  getUpstream,
  listUpstreams,
  updateUpstream,
} from '../../registry/upstreams.ts'
import { may } from '../auth/rules.ts'
import { created, list, record, route } from '../route.ts'
import { listOptions, listQuery, nameFilter, pageOf, replacement, Upstream } from './schemas.ts'

/** A credential may be sent back as it was read, without its value: then it stays. */
const ReadCredential = z.strictObject({ header: z.string(), hint: z.string() })
const UpstreamReplacement = replacement(
  UpstreamInput.extend({
    credential: z
      .union([UpstreamInput.shape.credential, ReadCredential])
      .describe('A new one with its value; as it was read, or absent: as it is; `null`: none.'),
  }),
)

export const upstreamRoutes = [
  route({
    id: 'listUpstreams',
    method: 'get',
    path: '/api/upstreams',
    tag: 'Upstreams',
    summary: 'Lists the upstreams: the payment services behind the gateway.',
    permission: 'read',
    query: listQuery(nameFilter),
    answer: { status: 200, schema: pageOf(Upstream) },
    handle: async ({ registry, query }) => list(await listUpstreams(registry, listOptions(query))),
  }),
  route({
    id: 'createUpstream',
    method: 'post',
    path: '/api/upstreams',
    tag: 'Upstreams',
    summary: 'Makes an upstream with its targets.',
    permission: 'write',
    body: UpstreamInput,
    answer: { status: 201, schema: Upstream, hasEtag: true },
    refuses: ['name-taken'],
    handle: async ({ registry, actor, body }) =>
      created(await createUpstream(registry, actor, body), '/api/upstreams'),
  }),
  route({
    id: 'getUpstream',
    method: 'get',
    path: '/api/upstreams/{upstream}',
    tag: 'Upstreams',
    summary: 'Shows an upstream, by id or name.',
    permission: 'read',
    answer: { status: 200, schema: Upstream, hasEtag: true },
    handle: async ({ registry, params }) => record(await getUpstream(registry, params.upstream)),
  }),
  route({
    id: 'replaceUpstream',
    method: 'put',
    path: '/api/upstreams/{upstream}',
    tag: 'Upstreams',
    summary: 'Replaces an upstream whole. To drain a target, set its `isDraining` and publish.',
    permission: 'write',
    body: UpstreamReplacement,
    answer: { status: 200, schema: Upstream, hasEtag: true },
    refuses: ['name-taken'],
    description:
      'A kept credential goes to a new address only with its value given anew, or with the permission "credentials".',
    async handle({ registry, actor, caller, params, body, ifMatch }) {
      const { value } = await getUpstream(registry, params.upstream)
      const { credential: given, ...rest } = body
      const credential = given && 'hint' in given ? unchanged(given, value) : given
      const mayMoveCredential = may(caller.permissions, 'credentials')
      const input = { ...rest, credential }
      return record(await updateUpstream(registry, actor, value.id, input, ifMatch, { mayMoveCredential }))
    },
  }),
  route({
    id: 'deleteUpstream',
    method: 'delete',
    path: '/api/upstreams/{upstream}',
    tag: 'Upstreams',
    summary: 'Deletes an upstream that no version refers to.',
    permission: 'write',
    answer: { status: 204 },
    refuses: ['state-conflict'],
    async handle({ registry, actor, params, ifMatch }) {
      const { value } = await getUpstream(registry, params.upstream)
      await deleteUpstream(registry, actor, value.id, ifMatch)
      return {}
    },
  }),
]

/** Without its value a credential cannot be put under another header. */
function unchanged(given: z.infer<typeof ReadCredential>, { credential }: UpstreamRecord): undefined {
  if (credential?.header === given.header && credential.hint === given.hint) return undefined
  throw problem('input-invalid', {
    errors: [{ pointer: '/credential/value', detail: 'a credential that is changed needs its value' }],
  })
}
