import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { type Party, registerParty, startAuthorizationServer } from '../support/oauth-platform.ts'
import { stopSharedRedis, testRegistry } from '../support/redis.ts'

/** Real clients, which are strict about what the standards ask of a server, speak with ours. */

let registry: Awaited<ReturnType<typeof testRegistry>>
let server: Awaited<ReturnType<typeof startAuthorizationServer>>
let shop: Party
let other: Party

beforeAll(async () => {
  registry = await testRegistry()
  shop = await registerParty(registry, 'shop')
  other = await registerParty(registry, 'other')
  server = await startAuthorizationServer(registry)
})
afterAll(async () => {
  await server?.close()
  await registry?.close()
  await stopSharedRedis()
})

const insecure = { [oauth.allowInsecureRequests]: true }

async function discover(): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(server.issuer)
  const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
  return oauth.processDiscoveryResponse(issuer, response)
}

describe('oauth4webapi', () => {
  const methods = { basic: oauth.ClientSecretBasic, post: oauth.ClientSecretPost }

  async function ask(
    auth: oauth.ClientAuth,
    parameters: Record<string, string> = {},
    clientId = shop.clientId,
  ) {
    const as = await discover()
    const client = { client_id: clientId }
    const response = await oauth.clientCredentialsGrantRequest(as, client, auth, parameters, insecure)
    return oauth.processClientCredentialsResponse(as, client, response)
  }

  test('discovers the endpoints (RFC 8414)', async () => {
    expect(await discover()).toMatchObject({
      issuer: server.issuer,
      token_endpoint: `${server.issuer}/oauth2/token`,
      grant_types_supported: expect.arrayContaining(['client_credentials']),
    })
  })

  test.each(['basic', 'post'] as const)('gets a token with the secret by %s (RFC 6749 §4.4)', async (way) => {
    const token = await ask(methods[way](shop.secret), { scope: 'payments:read' })
    expect(token).toMatchObject({ token_type: 'bearer', scope: 'payments:read', expires_in: 3600 })
    expect(token.access_token).toMatch(/^pgt_test_/)
  })

  test.each(['basic', 'post'] as const)(
    'is told that a secret by %s is wrong (RFC 6749 §5.2)',
    async (way) => {
      const refusal = await ask(methods[way](`${shop.secret}x`)).catch((error) => error)
      expect(refusal).toMatchObject({ status: 401 })
      expect(
        refusal instanceof oauth.ResponseBodyError || refusal instanceof oauth.WWWAuthenticateChallengeError,
      ).toBe(true)
    },
  )

  test('is told that a scope is not for it', async () => {
    await expect(ask(oauth.ClientSecretBasic(shop.secret), { scope: 'admin' })).rejects.toMatchObject({
      error: 'invalid_scope',
      status: 400,
    })
  })

  test('introspects and revokes its token (RFC 7662, RFC 7009)', async () => {
    const as = await discover()
    const client = { client_id: shop.clientId }
    const auth = oauth.ClientSecretBasic(shop.secret)
    const { access_token: token } = await ask(auth)
    const look = async () =>
      oauth.processIntrospectionResponse(
        as,
        client,
        await oauth.introspectionRequest(as, client, auth, token, insecure),
      )
    expect(await look()).toMatchObject({
      active: true,
      client_id: shop.clientId,
      scope: 'payments:read payments:write',
    })
    for (let i = 0; i < 2; i++)
      await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, token, insecure))
    expect(await look()).toEqual({ active: false })
  })

  test('cannot see or revoke the token of another client', async () => {
    const as = await discover()
    const { access_token: token } = await ask(oauth.ClientSecretBasic(shop.secret))
    const client = { client_id: other.clientId }
    const auth = oauth.ClientSecretPost(other.secret)
    const seen = await oauth.introspectionRequest(as, client, auth, token, insecure)
    expect(await oauth.processIntrospectionResponse(as, client, seen)).toEqual({ active: false })
    const refused = await oauth.revocationRequest(as, client, auth, token, insecure)
    await expect(oauth.processRevocationResponse(refused)).rejects.toMatchObject({
      error: 'unauthorized_client',
    })
  })
})

describe('openid-client', () => {
  async function configure(auth?: openid.ClientAuth) {
    return openid.discovery(new URL(server.issuer), shop.clientId, shop.secret, auth, {
      algorithm: 'oauth2',
      execute: [openid.allowInsecureRequests],
    })
  }

  test.each([
    ['by its own default', undefined],
    ['by Basic', (c: Party) => openid.ClientSecretBasic(c.secret)],
    ['in the body', (c: Party) => openid.ClientSecretPost(c.secret)],
  ] as const)('gets, introspects and revokes a token with the secret %s', async (_how, auth) => {
    const config = await configure(auth?.(shop))
    const token = await openid.clientCredentialsGrant(config, { scope: 'payments:write' })
    expect(token.expiresIn()).toBeGreaterThan(3590)
    expect(await openid.tokenIntrospection(config, token.access_token)).toMatchObject({ active: true })
    await openid.tokenRevocation(config, token.access_token)
    expect(await openid.tokenIntrospection(config, token.access_token)).toEqual({ active: false })
  })
})
