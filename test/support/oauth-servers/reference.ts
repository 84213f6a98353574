import './quiet.ts' // before what it makes quiet
import { X509Certificate } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { exportJWK, generateKeyPair } from 'jose'
import * as oauth from 'oauth4webapi'
import Provider, { errors } from 'oidc-provider'
import type { ClientSettings } from '../../../registry/oauth-model.ts'
import type { Authority } from '../certificates.ts'
import { openBrowser } from './browser.ts'
import { fetchWith } from './fetch-with.ts'
import { memoryAdapter } from './memory-adapter.ts'
import { type ClientWish, type Decision, scope, settle, type TestServer, testClient } from './server.ts'

const resource = 'https://api.bank.example/payments/v1'
const registrationToken = 'a-token-for-registration'
const jwtResource = 'https://api.bank.example/jwt/v1'

/**
 * oidc-provider, which the OpenID Foundation has certified, in FAPI 2.0 mode for clients of that profile. Whoever
 * signs in is allowed to at once; what they decide comes with the query that the browser of the test adds.
 *
 * @param authority with it the server speaks TLS and asks for certificates of that authority
 */
export async function startReference(authority?: Authority): Promise<TestServer> {
  const server = authority
    ? createTlsServer({
        ...authority.server(['127.0.0.1']),
        ca: authority.cert,
        requestCert: true,
        rejectUnauthorized: false,
      })
    : createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  server.unref() // one whose start fails further on is closed by nobody
  const scheme = authority ? 'https' : 'http'
  const issuer = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
  const clients = new Map<string, object>()
  const provider = new Provider(issuer, await configuration(clients))
  const handle = provider.callback()
  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    if (!req.url!.startsWith('/interaction/')) return handle(req, res)
    decide(provider, req, res).catch((error) => {
      res.statusCode = 500
      res.end(String(error.stack))
    })
  })
  return {
    name: 'oidc-provider',
    issuer,
    resource,
    jwtResource,
    registrationToken,
    async register(wish: ClientWish = {}) {
      const { settings, keys } = await settle(wish)
      const id = `client-${clients.size + 1}`
      const secret = `secret-${crypto.randomUUID()}`
      clients.set(id, metadataOf(id, secret, settings, wish))
      return testClient({ id, secret, settings, keys, certificate: wish.certificate })
    },
    async browse(url, decision = 'allow') {
      const send = fetchWith(authority?.cert)
      const browser = openBrowser((input, init) => {
        const to = new URL(input as URL)
        if (to.pathname.startsWith('/interaction/')) to.searchParams.set('decision', decision)
        return send(to, init)
      })
      const page = await browser.go(url)
      if (!page.left) throw new Error(`${page.status} ${page.body}`)
      return page.left
    },
    options: (client) => ({
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: fetchWith(authority?.cert, client?.certificate),
    }),
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

async function decide(provider: Provider, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(req, res)
  const decision = new URL(req.url!, 'http://x').searchParams.get('decision') as Decision
  if (decision === 'deny')
    return provider.interactionFinished(req, res, { error: 'access_denied', error_description: 'denied' })
  if (prompt.name === 'login')
    return provider.interactionFinished(req, res, { login: { accountId: 'person' } })
  const grant = new provider.Grant({
    accountId: session?.accountId ?? 'person',
    clientId: String(params.client_id),
  })
  const { missingOIDCScope, missingResourceScopes, rar } = prompt.details
  if (missingOIDCScope) grant.addOIDCScope((missingOIDCScope as string[]).join(' '))
  for (const [of, scopes] of Object.entries((missingResourceScopes ?? {}) as Record<string, string[]>))
    grant.addResourceScope(of, scopes.join(' '))
  for (const detail of (rar ?? []) as unknown[]) grant.addRar(detail)
  return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } })
}

function metadataOf(id: string, secret: string, settings: ClientSettings, { certificate }: ClientWish) {
  const { authentication, profile } = settings
  const isFapi = profile !== 'standard'
  const needsSecret = authentication === 'client_secret'
  return {
    client_id: id,
    ...(needsSecret && { client_secret: secret }),
    token_endpoint_auth_method: needsSecret ? 'client_secret_basic' : authentication,
    grant_types: settings.grants.filter((grant) => !grant.includes('exchange')),
    response_types: settings.grants.includes('authorization_code') ? ['code'] : [],
    redirect_uris: settings.grants.includes('authorization_code') ? settings.redirectUris : [],
    ...(settings.jwks && { jwks: settings.jwks }),
    ...(authentication === 'self_signed_tls_client_auth' && {
      jwks: { keys: [jwkOf(certificate!.cert)] },
    }),
    ...(authentication === 'tls_client_auth' && {
      tls_client_auth_subject_dn: settings.certificateName?.subjectDn,
    }),
    dpop_bound_access_tokens: settings.senderConstraint === 'dpop',
    tls_client_certificate_bound_access_tokens: settings.senderConstraint === 'certificate',
    require_pushed_authorization_requests: isFapi,
    require_signed_request_object: profile === 'fapi2-message-signing',
    authorization_details_types: settings.authorizationDetailsTypes,
    profile,
  }
}

/** oidc-provider knows a self-signed certificate by the `x5c` of a key. */
function jwkOf(pem: string) {
  const x509 = new X509Certificate(pem)
  return {
    ...x509.publicKey.export({ format: 'jwk' }),
    x5c: [x509.raw.toString('base64')],
  }
}

async function configuration(clients: ReadonlyMap<string, object>) {
  const { privateKey } = await generateKeyPair('PS256', { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), kid: 'one', alg: 'PS256', use: 'sig' }
  const socketOf = (ctx: { req: IncomingMessage }) => ctx.req.socket as TLSSocket
  const details = (_ctx: unknown, thing: { rar?: unknown }) => thing.rar
  const signing = ['PS256', 'ES256', 'EdDSA', 'Ed25519']
  return {
    adapter: memoryAdapter(clients),
    jwks: { keys: [jwk] },
    scopes: ['openid', 'offline_access'],
    clientAuthMethods: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'tls_client_auth',
      'self_signed_tls_client_auth',
      'none',
    ],
    clientDefaults: {
      id_token_signed_response_alg: 'PS256',
      authorization_signed_response_alg: 'PS256',
      introspection_signed_response_alg: 'PS256',
    },
    cookies: { keys: ['a key of the test'] },
    responseTypes: ['code'],
    findAccount: (_ctx: unknown, sub: string) => ({ accountId: sub, claims: async () => ({ sub }) }),
    interactions: { url: (_ctx: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    issueRefreshToken: (_ctx: unknown, client: { grantTypeAllowed(name: string): boolean }) =>
      client.grantTypeAllowed('refresh_token'),
    // Rotation for those that are bound to nothing, as RFC 9700 has it; none in FAPI 2.0.
    rotateRefreshToken: (ctx: { oidc: { client: { profile?: string } } }) =>
      (ctx.oidc.client.profile ?? 'standard') === 'standard',
    expiresWithSession: () => false,
    extraClientMetadata: { properties: ['profile'] },
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 60,
      ClientCredentials: 3600,
      Grant: 86_400,
      Interaction: 600,
      RefreshToken: 86_400,
      Session: 86_400,
    },
    enabledJWA: {
      clientAuthSigningAlgValues: signing,
      requestObjectSigningAlgValues: signing,
      dPoPSigningAlgValues: signing,
      authorizationSigningAlgValues: signing,
      introspectionSigningAlgValues: signing,
      idTokenSigningAlgValues: signing,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx: unknown, client: { clientId: string }, token: { clientId: string }) =>
          token.clientId === client.clientId,
      },
      jwtIntrospection: { enabled: true },
      jwtResponseModes: { enabled: true },
      revocation: { enabled: true, allowedPolicy: refuseForeign },
      registration: { enabled: true, initialAccessToken: registrationToken },
      registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
      requestObjects: { enabled: true },
      fapi: {
        enabled: true,
        profile: (_ctx: unknown, client?: { profile?: string }) =>
          client?.profile?.startsWith('fapi2') ? '2.0' : undefined,
      },
      dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: isFapi },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        tlsClientAuth: true,
        getCertificate: (ctx: { req: IncomingMessage }) => socketOf(ctx).getPeerX509Certificate?.(),
        certificateAuthorized: (ctx: { req: IncomingMessage }) => socketOf(ctx).authorized,
        certificateSubjectMatches: (ctx: { req: IncomingMessage }, _property: string, expected: string) =>
          socketOf(ctx).getPeerX509Certificate?.()?.subject.replaceAll('\n', ',') === expected,
      },
      richAuthorizationRequests: {
        enabled: true,
        types: { payment_initiation: { validate: validatePayment } },
        authorizationDetailsForGrantSource: (ctx: { oidc: { grant: { rar: unknown } } }) =>
          ctx.oidc.grant.rar,
        authorizationDetailsForAccessToken: (_ctx: unknown, _token: unknown, source: { rar?: unknown }) =>
          source?.rar,
        authorizationDetailsForIntrospection: details,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx: unknown, indicator: string) => {
          if (indicator !== resource && indicator !== jwtResource) throw new errors.InvalidTarget()
          return {
            scope,
            audience: indicator,
            accessTokenTTL: 3600,
            accessTokenFormat: indicator === jwtResource ? 'jwt' : 'opaque',
            jwt: { sign: { alg: 'PS256' } },
          }
        },
      },
    },
  }
}

/** RFC 7009 §2.1: the client is told that the token is not its own. */
function refuseForeign(_ctx: unknown, client: { clientId: string }, token: { clientId: string }): boolean {
  if (token.clientId !== client.clientId) throw new errors.InvalidRequest('not your token')
  return true
}

/** With a nonce it takes no notice of the time in a proof: so only some clients have to send one. */
const isFapi = (ctx: { oidc: { client?: { profile?: string } } }) =>
  ctx.oidc.client?.profile?.startsWith('fapi2') === true

function validatePayment(_ctx: unknown, detail: Record<string, unknown>): void {
  const known = ['type', 'instructedAmount', 'creditorName', 'creditorAccount', 'actions', 'locations']
  if (!Object.keys(detail).every((name) => known.includes(name)) || !detail.instructedAmount)
    throw new errors.InvalidAuthorizationDetails('not a payment')
}
