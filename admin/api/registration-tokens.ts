import { z } from 'zod'
import {
  createRegistrationToken,
  listRegistrationTokens,
  RegistrationToken,
  RegistrationTokenInput,
  revokeRegistrationToken,
} from '../../registry/registration-tokens.ts'
import { route } from '../route.ts'

const ShownRegistrationToken = RegistrationToken.extend({
  usesLeft: z.int().describe('How many clients may still be registered with it.'),
}).meta({ id: 'RegistrationToken' })

export const registrationTokenRoutes = [
  route({
    id: 'listRegistrationTokens',
    method: 'get',
    path: '/api/applications/{application}/registration-tokens',
    tag: 'Credentials',
    summary:
      'Lists the initial access tokens of an application that have not ended, never the tokens themselves.',
    permission: 'read',
    answer: { status: 200, schema: z.object({ items: z.array(ShownRegistrationToken) }) },
    handle: async ({ registry, params }) => ({
      body: { items: await listRegistrationTokens(registry, params.application) },
    }),
  }),
  route({
    id: 'createRegistrationToken',
    method: 'post',
    path: '/api/applications/{application}/registration-tokens',
    tag: 'Credentials',
    summary: 'Makes an initial access token, with which a partner registers OAuth clients itself (RFC 7591).',
    description:
      'Shown this once. Works where the gateway has `GATEWAY_CLIENT_REGISTRATION=token`. What is registered belongs to the application, and is held to the profile.',
    permission: 'credentials',
    body: RegistrationTokenInput,
    answer: {
      status: 201,
      schema: z.object({
        id: z.string().describe('Names it in the list.'),
        token: z.string().describe('In clear. Shown this once.'),
        expiresAt: z.int().describe('When it ends by itself, in ms since the epoch.'),
      }),
    },
    handle: async ({ registry, actor, params, body }) => ({
      body: await createRegistrationToken(registry, actor, params.application, body),
    }),
  }),
  route({
    id: 'revokeRegistrationToken',
    method: 'post',
    path: '/api/applications/{application}/registration-tokens/{token}/revoke',
    tag: 'Credentials',
    summary: 'Takes an initial access token back, at once. The clients that were registered with it stay.',
    permission: 'credentials',
    answer: { status: 204 },
    async handle({ registry, actor, params }) {
      await revokeRegistrationToken(registry, actor, params.application, params.token)
      return {}
    },
  }),
]
