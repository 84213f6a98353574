import { z } from 'zod'
import { revokeCredential, rotateCredential } from '../../../registry/credentials.ts'
import { Environment } from '../../../registry/model.ts'
import { issueOwn, updateOwn } from '../../../registry/portal/credentials.ts'
import { credentialsOfPartner } from '../../../registry/portal/notices.ts'
import { ownCredential } from '../../../registry/portal/own.ts'
import { setSecretEnd } from '../../../registry/secret-ends.ts'
import { record, route } from '../../route.ts'
import { viewer, withSecret } from '../credential-view.ts'
import { RotateInput, SecretEnd } from '../credentials.ts'
import { Credential, NewCredential } from '../schemas.ts'
import { partnerOf } from './partner.ts'
import { PortalCredentialInput, PortalCredentialUpdate } from './schemas.ts'

const one = '/api/portal/{partner}/credentials/{credential}'

export const portalCredentialRoutes = [
  route({
    id: 'listOwnCredentials',
    method: 'get',
    path: '/api/portal/{partner}/credentials',
    tag: 'Portal',
    summary: 'Lists the credentials of all of the partner’s applications, revoked ones too.',
    permission: 'portal:read',
    query: z.strictObject({
      applicationId: z.string().max(64).optional().describe('Only of this application.'),
      environment: Environment.optional().describe('Only of this environment.'),
    }),
    answer: { status: 200, schema: z.object({ items: z.array(Credential) }) },
    async handle({ registry, params, query: { applicationId, environment } }) {
      const partner = await partnerOf(registry, params.partner)
      const items = (await credentialsOfPartner(registry, partner.id)).filter(
        ({ value }) =>
          (applicationId === undefined || value.applicationId === applicationId) &&
          (environment === undefined || value.environment === environment),
      )
      const view = await viewer(registry, items)
      return { body: { items: items.map(({ value }) => view(value)) } }
    },
  }),
  route({
    id: 'createOwnCredential',
    method: 'post',
    path: '/api/portal/{partner}/applications/{application}/credentials',
    tag: 'Portal',
    summary: 'Makes an API key or an OAuth client, and shows its secret this once.',
    permission: 'portal:write',
    body: PortalCredentialInput,
    answer: { status: 201, schema: NewCredential, hasEtag: true },
    async handle({ registry, actor, params, body }) {
      const partner = await partnerOf(registry, params.partner)
      const made = await issueOwn(registry, actor, partner.id, params.application, body)
      const location = `/api/portal/${params.partner}/credentials/${made.credential.value.id}`
      return { ...(await withSecret(registry, made.credential, made.secret)), location }
    },
  }),
  route({
    id: 'getOwnCredential',
    method: 'get',
    path: one,
    tag: 'Portal',
    summary: 'Shows a credential; never its secrets.',
    permission: 'portal:read',
    answer: { status: 200, schema: Credential, hasEtag: true },
    async handle({ registry, params }) {
      const partner = await partnerOf(registry, params.partner)
      const stored = await ownCredential(registry, partner.id, params.credential)
      return record(stored, await viewer(registry, [stored]))
    },
  }),
  route({
    id: 'updateOwnCredential',
    method: 'put',
    path: one,
    tag: 'Portal',
    summary: 'Changes title, scopes and expiry; at every gateway within a second.',
    permission: 'portal:write',
    body: PortalCredentialUpdate,
    answer: { status: 200, schema: Credential, hasEtag: true },
    refuses: ['state-conflict'],
    async handle({ registry, actor, params, body, ifMatch }) {
      const partner = await partnerOf(registry, params.partner)
      const stored = await updateOwn(registry, actor, partner.id, params.credential, body, ifMatch)
      return record(stored, await viewer(registry, [stored]))
    },
  }),
  route({
    id: 'rotateOwnCredential',
    method: 'post',
    path: `${one}/rotate`,
    tag: 'Portal',
    summary: 'Gives a credential a new secret, shown this once; the older ones end after the overlap.',
    permission: 'portal:write',
    body: RotateInput,
    answer: { status: 200, schema: NewCredential, hasEtag: true },
    refuses: ['state-conflict'],
    async handle({ registry, actor, params, body, ifMatch }) {
      const partner = await partnerOf(registry, params.partner)
      await ownCredential(registry, partner.id, params.credential)
      const made = await rotateCredential(registry, actor, params.credential, body, ifMatch)
      return withSecret(registry, made.credential, made.secret)
    },
  }),
  route({
    id: 'setOwnSecretEnd',
    method: 'put',
    path: `${one}/secrets/{secret}`,
    tag: 'Portal',
    summary: 'Sets when an older secret ends: sooner, later, or now.',
    permission: 'portal:write',
    body: SecretEnd,
    answer: { status: 200, schema: Credential, hasEtag: true },
    refuses: ['state-conflict'],
    async handle({ registry, actor, params, body, ifMatch }) {
      const partner = await partnerOf(registry, params.partner)
      await ownCredential(registry, partner.id, params.credential)
      const { credential, secret } = params
      const stored = await setSecretEnd(registry, actor, credential, secret, body.expiresAt, ifMatch)
      return record(stored, await viewer(registry, [stored]))
    },
  }),
  route({
    id: 'revokeOwnCredential',
    method: 'post',
    path: `${one}/revoke`,
    tag: 'Portal',
    summary: 'Ends a credential for good. Every gateway refuses it, and its tokens, within a second.',
    permission: 'portal:write',
    answer: { status: 200, schema: Credential, hasEtag: true },
    async handle({ registry, actor, params, ifMatch }) {
      const partner = await partnerOf(registry, params.partner)
      await ownCredential(registry, partner.id, params.credential)
      const stored = await revokeCredential(registry, actor, params.credential, ifMatch)
      return record(stored, await viewer(registry, [stored]))
    },
  }),
]
