import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import { updateApplication } from '../../registry/applications.ts'
import { createCredential } from '../../registry/credentials.ts'
import { ClientSettings } from '../../registry/oauth-model.ts'
import { createSigningKey } from '../../registry/signing-keys.ts'
import { type Party, registerParty, startAuthorizationServer } from '../support/oauth-platform.ts'
import { stopSharedRedis, testRegistry } from '../support/redis.ts'

/** RFC 9701, and resource servers as callers of introspection (RFC 7662 §2.1). */

const actor = { id: 'test' }
let registry: Awaited<ReturnType<typeof testRegistry>>
let server: Awaited<ReturnType<typeof startAuthorizationServer>>
let shop: Party
let ledger: { id: string; secret: string }
let foreign: { id: string; secret: string }
const insecure = { [oauth.allowInsecureRequests]: true }

async function resourceServer(environment: 'sandbox' | 'live') {
  const { credential, secret } = await createCredential(registry, actor, shop.applicationId, {
    kind: 'oauth-client',
    environment,
    oauth: ClientSettings.parse({ isResourceServer: true }),
  })
  return { id: credential.value.id, secret: secret! }
}

beforeAll(async () => {
  registry = await testRegistry()
  server = await startAuthorizationServer(registry)
  await createSigningKey(registry, actor, { algorithm: 'PS256', signsFrom: 0 })
  shop = await registerParty(registry, 'shop')
  ledger = await resourceServer('sandbox')
  foreign = await resourceServer('live')
})
afterAll(async () => {
  await server?.close()
  await registry?.close()
  await stopSharedRedis()
})

async function discover(): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(server.issuer)
  const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
  return oauth.processDiscoveryResponse(issuer, answer)
}

async function tokenOf({ clientId, secret }: Party): Promise<string> {
  const as = await discover()
  const client = { client_id: clientId }
  const auth = oauth.ClientSecretBasic(secret)
  const answer = await oauth.clientCredentialsGrantRequest(as, client, auth, {}, insecure)
  return (await oauth.processClientCredentialsResponse(as, client, answer)).access_token
}

async function ask(caller: { id: string; secret: string }, token: string, requestJwtResponse = false) {
  const as = await discover()
  const client = { client_id: caller.id, introspection_signed_response_alg: 'PS256' }
  const auth = oauth.ClientSecretBasic(caller.secret)
  const options = { requestJwtResponse, ...insecure }
  const answer = await oauth.introspectionRequest(as, client, auth, token, options)
  const raw = answer.clone()
  return { as, raw, found: await oauth.processIntrospectionResponse(as, client, answer) }
}

describe('a resource server', () => {
  test('learns of the tokens of others in its environment, and an ordinary client does not', async () => {
    const token = await tokenOf(shop)
    expect((await ask(ledger, token)).found).toMatchObject({ active: true, client_id: shop.clientId })
    expect((await ask(foreign, token)).found).toEqual({ active: false })
    const other = await registerParty(registry, 'other')
    const nosy = { id: other.clientId, secret: other.secret }
    expect((await ask(nosy, token)).found).toEqual({ active: false })
  })

  test('learns at once that the application behind a token is suspended', async () => {
    const party = await registerParty(registry, 'late')
    const token = await tokenOf(party)
    expect((await ask(ledger, token)).found).toMatchObject({ active: true })
    const suspended = { name: 'till', title: 'Till', isSuspended: true }
    await updateApplication(registry, actor, party.applicationId, suspended)
    expect((await ask(ledger, token)).found).toEqual({ active: false })
  })
})

describe('a signed answer', () => {
  test('is for its caller, signed with a published key, and says nothing beside what was found', async () => {
    const token = await tokenOf(shop)
    const { as, raw, found } = await ask(ledger, token, true)
    expect(as.introspection_signing_alg_values_supported).toContain('PS256')
    expect(found).toMatchObject({ active: true, client_id: shop.clientId })
    expect(raw.headers.get('content-type')).toBe('application/token-introspection+jwt')
    const expected = { issuer: server.issuer, audience: ledger.id, typ: 'token-introspection+jwt' }
    const read = await jwtVerify(await raw.text(), createRemoteJWKSet(new URL(as.jwks_uri!)), expected)
    expect(Object.keys(read.payload).sort()).toEqual(['aud', 'iat', 'iss', 'token_introspection'])
  })

  test('is given for what is not active, too', async () => {
    const { raw, found } = await ask(ledger, 'pgt_test_unknown', true)
    expect(found).toEqual({ active: false })
    expect(raw.headers.get('content-type')).toBe('application/token-introspection+jwt')
  })

  test.each([
    ['application/token-introspection+jwt;q=0', 'application/json'],
    ['application/json, application/token-introspection+jwt;q=0.5', 'application/json'],
    ['*/*', 'application/json'],
    ['application/json;q=0.5, Application/Token-Introspection+JWT', 'application/token-introspection+jwt'],
  ])('to Accept: %s is %s', async (accept, type) => {
    const answer = await fetch(`${server.issuer}/oauth2/introspect`, {
      method: 'POST',
      headers: { accept },
      body: new URLSearchParams({ token: 'x', client_id: ledger.id, client_secret: ledger.secret }),
    })
    expect(answer.headers.get('content-type')?.split(';')[0]).toBe(type)
  })
})
