import { z } from 'zod'
import {
  endAuthorization,
  endToken,
  endTokensOfApplication,
  type LiveOptions,
  listAuthorizations,
  listTokens,
} from '../../registry/live-tokens.ts'
import { Environment, TokenFamily, TokenGrant } from '../../registry/model.ts'
import { route } from '../route.ts'
import { limit, pageOf } from './schemas.ts'

const at = (what: string) => z.int().describe(`${what}, in ms since the epoch.`)

const LiveToken = z
  .object({
    id: z.string().describe('Names the token; cannot be used in its place.'),
    credentialId: z.string().describe('The client that got it.'),
    environment: Environment,
    scopes: z.array(z.string()),
    subject: z.string().nullable().describe('The person it acts for; `null`: the application itself.'),
    issuedAt: at('When it was issued'),
    expiresAt: at('When it ends by itself'),
    authorizationId: z
      .string()
      .nullable()
      .describe('What that person has allowed; `null`: nobody was asked.'),
    binding: z.enum(['dpop', 'certificate']).nullable().describe('What it works with only.'),
  })
  .meta({ id: 'LiveToken' })

const LiveAuthorization = TokenFamily.omit({ applicationId: true, partnerId: true })
  .extend({
    credentialId: z.string().describe('The client that was allowed.'),
    subject: z.string().describe('The person who has allowed it.'),
    createdAt: at('When'),
    expiresAt: at('When it ends by itself'),
    authorizationDetails: TokenGrant.shape.authorizationDetails,
  })
  .meta({ id: 'LiveAuthorization' })

const query = z.strictObject({
  limit,
  after: z.string().min(1).max(100).optional().describe('`next` of the page before.'),
  credential: z.string().min(1).max(64).optional().describe('Only of this client.'),
  subject: z.string().min(1).max(255).optional().describe('Only of this person.'),
})

function optionsOf({ limit, after, credential, subject }: z.output<typeof query>): LiveOptions {
  return {
    limit,
    ...(after !== undefined && { after }),
    ...(credential !== undefined && { credentialId: credential }),
    ...(subject !== undefined && { subject }),
  }
}

const paging = 'Of a rare filter a page may be short, or empty, and still have a `next`.'

export const tokenRoutes = [
  route({
    id: 'listTokens',
    method: 'get',
    path: '/api/applications/{application}/tokens',
    tag: 'Tokens',
    summary: 'Lists the access tokens of an application that work, never the tokens themselves.',
    description: `Those that end first come first. ${paging}`,
    permission: 'read',
    query,
    answer: { status: 200, schema: pageOf(LiveToken) },
    handle: async ({ registry, params, query }) => ({
      body: await listTokens(registry, params.application, optionsOf(query)),
    }),
  }),
  route({
    id: 'endToken',
    method: 'post',
    path: '/api/applications/{application}/tokens/{token}/end',
    tag: 'Tokens',
    summary: 'Ends an access token, at every gateway within a second.',
    description:
      'Where a person has allowed it, a refresh token may get another: end the authorization then.',
    permission: 'credentials',
    answer: { status: 204 },
    async handle({ registry, actor, params }) {
      await endToken(registry, actor, params.application, params.token)
      return {}
    },
  }),
  route({
    id: 'endTokensOfApplication',
    method: 'post',
    path: '/api/applications/{application}/end-tokens',
    tag: 'Tokens',
    summary: 'Ends all tokens and authorizations of an application, at every gateway within a second.',
    description: 'Its clients can get new ones. If it fails half way, repeat it.',
    permission: 'credentials',
    answer: {
      status: 200,
      schema: z.object({ clients: z.int().describe('How many OAuth clients it has.') }),
    },
    handle: async ({ registry, actor, params }) => ({
      body: { clients: await endTokensOfApplication(registry, actor, params.application) },
    }),
  }),
  route({
    id: 'listAuthorizations',
    method: 'get',
    path: '/api/applications/{application}/authorizations',
    tag: 'Tokens',
    summary: 'Lists what people have allowed an application.',
    description: `Those that end first come first. ${paging}`,
    permission: 'read',
    query,
    answer: { status: 200, schema: pageOf(LiveAuthorization) },
    handle: async ({ registry, params, query }) => ({
      body: await listAuthorizations(registry, params.application, optionsOf(query)),
    }),
  }),
  route({
    id: 'endAuthorization',
    method: 'post',
    path: '/api/applications/{application}/authorizations/{authorization}/end',
    tag: 'Tokens',
    summary: 'Ends what a person has allowed, with all its tokens, at every gateway within a second.',
    permission: 'credentials',
    answer: { status: 204 },
    async handle({ registry, actor, params }) {
      await endAuthorization(registry, actor, params.application, params.authorization)
      return {}
    },
  }),
]
