import { z } from 'zod'
import {
  createCredential,
  getCredential,
  listCredentials,
  revokeCredential,
  rotateCredential,
  updateCredential,
} from '../../registry/credentials.ts'
import { endTokensOfClient } from '../../registry/live-tokens.ts'
import { CredentialInput, CredentialUpdate, Environment } from '../../registry/model.ts'
import { getApplication } from '../../registry/partners.ts'
import { setSecretEnd } from '../../registry/secret-ends.ts'
import { list, record, route } from '../route.ts'
import { viewer, withSecret } from './credential-view.ts'
import { Credential, listOptions, listQuery, NewCredential, pageOf, replacement } from './schemas.ts'

export const RotateInput = z.strictObject({
  overlapSeconds: z
    .int()
    .min(0)
    .max(7_776_000)
    .describe('How long the older secrets stay good, in seconds; 0 ends them at once.'),
  endTokens: z
    .boolean()
    .default(false)
    .describe('Whether the tokens got until now end, too: for a secret that leaked. Needs an overlap of 0.'),
})

export const SecretEnd = z.strictObject({
  expiresAt: z
    .int()
    .min(0)
    .nullable()
    .describe(
      'In ms since the epoch; a moment that has come ends it now, `null`: it does not end by itself.',
    ),
})

/** In a record that was read, and set by the platform. */
const setByPlatform = [
  'applicationId',
  'partnerId',
  'createdBy',
  'revokedAt',
  'secrets',
  'tokensNotBefore',
  'lastUsedAt',
]

export const credentialRoutes = [
  route({
    id: 'listCredentials',
    method: 'get',
    path: '/api/applications/{application}/credentials',
    tag: 'Credentials',
    summary: 'Lists the credentials of an application, revoked ones too.',
    permission: 'read',
    query: listQuery({
      kind: CredentialInput.shape.kind.optional().describe('Only this kind.'),
      environment: Environment.optional().describe('Only this environment.'),
    }),
    answer: { status: 200, schema: pageOf(Credential) },
    async handle({ registry, params, query }) {
      const { value } = await getApplication(registry, params.application)
      const page = await listCredentials(registry, value.id, listOptions(query))
      const view = await viewer(registry, page.items)
      return list(page, view)
    },
  }),
  route({
    id: 'listAllCredentials',
    method: 'get',
    path: '/api/credentials',
    tag: 'Credentials',
    summary: 'Lists the credentials of all partners, revoked ones too.',
    permission: 'read',
    query: listQuery({
      kind: CredentialInput.shape.kind.optional().describe('Only this kind.'),
      environment: Environment.optional().describe('Only this environment.'),
      partnerId: z.string().max(64).optional().describe('Only of this partner.'),
      applicationId: z.string().max(64).optional().describe('Only of this application.'),
    }),
    answer: { status: 200, schema: pageOf(Credential) },
    async handle({ registry, query }) {
      const page = await listCredentials(registry, undefined, listOptions(query))
      return list(page, await viewer(registry, page.items))
    },
  }),
  route({
    id: 'createCredential',
    method: 'post',
    path: '/api/applications/{application}/credentials',
    tag: 'Credentials',
    summary: 'Makes an API key or an OAuth client, and shows its secret this once.',
    description:
      'The id of an OAuth client’s credential is its `client_id`. One that proves itself by keys or a certificate, or not at all, has no secret: `secret` is `null`. Settings that contradict one another are named with JSON pointers.',
    permission: 'credentials',
    body: CredentialInput,
    answer: { status: 201, schema: NewCredential, hasEtag: true },
    async handle({ registry, actor, params, body }) {
      const { credential, secret } = await createCredential(registry, actor, params.application, body)
      const location = `/api/credentials/${credential.value.id}`
      return { ...(await withSecret(registry, credential, secret)), location }
    },
  }),
  route({
    id: 'getCredential',
    method: 'get',
    path: '/api/credentials/{credential}',
    tag: 'Credentials',
    summary: 'Shows a credential; never its secrets.',
    permission: 'read',
    answer: { status: 200, schema: Credential, hasEtag: true },
    async handle({ registry, params }) {
      const stored = await getCredential(registry, params.credential)
      return record(stored, await viewer(registry, [stored]))
    },
  }),
  route({
    id: 'replaceCredential',
    method: 'put',
    path: '/api/credentials/{credential}',
    tag: 'Credentials',
    summary: 'Changes title, scopes, expiry, lifetimes and OAuth settings; at every gateway within a second.',
    description:
      'Where the profile, the way to authenticate or the sender constraint of a client changes, the tokens it got before end. A client that no longer authenticates by a secret loses its secrets; one that begins to gets its first by `rotate`.',
    permission: 'credentials',
    body: replacement(CredentialUpdate, setByPlatform),
    answer: { status: 200, schema: Credential, hasEtag: true },
    refuses: ['state-conflict'],
    async handle({ registry, actor, params, body, ifMatch }) {
      const stored = await updateCredential(registry, actor, params.credential, body, ifMatch)
      return record(stored, await viewer(registry, [stored]))
    },
  }),
  route({
    id: 'rotateCredential',
    method: 'post',
    path: '/api/credentials/{credential}/rotate',
    tag: 'Credentials',
    summary: 'Gives a credential a new secret, shown this once; the older ones end after the overlap.',
    description:
      'Access tokens that an OAuth client got with an older secret live on until they expire. If that secret has leaked, send `endTokens` with an overlap of 0: then the tokens end, too.',
    permission: 'credentials',
    body: RotateInput,
    answer: { status: 200, schema: NewCredential, hasEtag: true },
    refuses: ['state-conflict'],
    async handle({ registry, actor, params, body, ifMatch }) {
      const { credential, secret } = await rotateCredential(registry, actor, params.credential, body, ifMatch)
      return withSecret(registry, credential, secret)
    },
  }),
  route({
    id: 'revokeCredential',
    method: 'post',
    path: '/api/credentials/{credential}/revoke',
    tag: 'Credentials',
    summary: 'Ends a credential for good. Every gateway refuses it, and its tokens, within a second.',
    description: 'Asks for no `If-Match`: whoever must stop a leaked key should not have to read it first.',
    permission: 'credentials',
    answer: { status: 200, schema: Credential, hasEtag: true },
    async handle({ registry, actor, params, ifMatch }) {
      const stored = await revokeCredential(registry, actor, params.credential, ifMatch)
      return record(stored, await viewer(registry, [stored]))
    },
  }),
  route({
    id: 'setSecretEnd',
    method: 'put',
    path: '/api/credentials/{credential}/secrets/{secret}',
    tag: 'Credentials',
    summary: 'Sets when one secret ends: sooner, later, or now.',
    description: 'An end of the only secret makes its partner rotate: it is told of it.',
    permission: 'credentials',
    body: SecretEnd,
    answer: { status: 200, schema: Credential, hasEtag: true },
    refuses: ['state-conflict'],
    async handle({ registry, actor, params, body, ifMatch }) {
      const { credential, secret } = params
      const stored = await setSecretEnd(registry, actor, credential, secret, body.expiresAt, ifMatch)
      return record(stored, await viewer(registry, [stored]))
    },
  }),
  route({
    id: 'endTokensOfClient',
    method: 'post',
    path: '/api/credentials/{credential}/end-tokens',
    tag: 'Tokens',
    summary: 'Ends all tokens and authorizations of an OAuth client, at every gateway within a second.',
    description: 'It can get new ones: to stop it for good, revoke the credential.',
    permission: 'credentials',
    answer: { status: 200, schema: Credential, hasEtag: true },
    refuses: ['state-conflict'],
    async handle({ registry, actor, params, ifMatch }) {
      const stored = await endTokensOfClient(registry, actor, params.credential, ifMatch)
      return record(stored, await viewer(registry, [stored]))
    },
  }),
]
