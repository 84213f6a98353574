import { z } from 'zod'
import {
  createAdminToken,
  getAdminToken,
  listAdminTokens,
  revokeAdminToken,
} from '../../registry/admin-tokens.ts'
import { AdminTokenInput } from '../../registry/model.ts'
import { list, record, route } from '../route.ts'
import { AdminToken, listOptions, listQuery, NewAdminToken, pageOf } from './schemas.ts'

export const adminTokenRoutes = [
  route({
    id: 'listAdminTokens',
    method: 'get',
    path: '/api/admin-tokens',
    tag: 'Admin tokens',
    summary: 'Lists the admin tokens, revoked ones too; never the tokens themselves.',
    permission: 'admin',
    query: listQuery({}),
    answer: { status: 200, schema: pageOf(AdminToken) },
    handle: async ({ registry, query }) => list(await listAdminTokens(registry, listOptions(query))),
  }),
  route({
    id: 'getAdminToken',
    method: 'get',
    path: '/api/admin-tokens/{token}',
    tag: 'Admin tokens',
    summary: 'Shows an admin token; never the token itself.',
    permission: 'admin',
    answer: { status: 200, schema: AdminToken, hasEtag: true },
    handle: async ({ registry, params }) => record(await getAdminToken(registry, params.token)),
  }),
  route({
    id: 'createAdminToken',
    method: 'post',
    path: '/api/admin-tokens',
    tag: 'Admin tokens',
    summary: 'Makes an admin token and shows it this once.',
    permission: 'admin',
    isDangerous: true,
    body: AdminTokenInput,
    answer: { status: 201, schema: NewAdminToken, hasEtag: true },
    async handle({ registry, actor, body }) {
      const { token, secret } = await createAdminToken(registry, actor, body)
      const location = `/api/admin-tokens/${token.value.id}`
      return { body: { token: token.value, secret }, etag: token.etag, location }
    },
  }),
  route({
    id: 'revokeAdminToken',
    method: 'post',
    path: '/api/admin-tokens/{token}/revoke',
    tag: 'Admin tokens',
    summary: 'Ends an admin token for good, at once.',
    permission: 'admin',
    answer: { status: 200, schema: AdminToken, hasEtag: true },
    handle: async ({ registry, actor, params, ifMatch }) =>
      record(await revokeAdminToken(registry, actor, params.token, ifMatch)),
  }),
  route({
    id: 'whoami',
    method: 'get',
    path: '/api/whoami',
    tag: 'Admin tokens',
    summary: 'Shows the token that this call was made with.',
    permission: 'any',
    answer: { status: 200, schema: z.object({ token: AdminToken }) },
    handle: async ({ token }) => ({ body: { token } }),
  }),
]
