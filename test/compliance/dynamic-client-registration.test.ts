import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { exportJWK, generateKeyPair } from 'jose'
import * as oauth from 'oauth4webapi'
import { getCredential } from '../../registry/credentials.ts'
import {
  createRegistrationToken,
  type RegistrationTokenInput,
  revokeRegistrationToken,
} from '../../registry/registration-tokens.ts'
import { registerParty, startAuthorizationServer } from '../support/oauth-platform.ts'
import { type Platform, startPlatform, tester } from '../support/platform.ts'

let platform: Platform
let server: Awaited<ReturnType<typeof startAuthorizationServer>>
let party: Awaited<ReturnType<typeof registerParty>>
beforeAll(async () => {
  platform = await startPlatform()
  server = await startAuthorizationServer(platform.registry)
  party = await registerParty(platform.registry, 'acme')
})
afterAll(async () => {
  await server?.close()
  await platform?.close()
})

const tokenFor = async (input: Partial<RegistrationTokenInput> = {}) =>
  (
    await createRegistrationToken(platform.registry, tester, party.applicationId, {
      environment: 'sandbox',
      ...input,
    })
  ).token

async function call(method: string, path: string, token: string, body?: unknown) {
  const response = await fetch(`${server.issuer}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  }
}
const register = (token: string, metadata: unknown) => call('POST', '/oauth2/register', token, metadata)

const machine = { grant_types: ['client_credentials'], response_types: [], client_name: 'Batch' }
const shop = { redirect_uris: ['https://shop.example/back'] }

describe('a client registers itself (RFC 7591)', () => {
  test('by oauth4webapi, finds the endpoint in the metadata, and gets tokens at once', async () => {
    const options = { [oauth.allowInsecureRequests]: true }
    const issuer = new URL(server.issuer)
    const found = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' })
    const as = await oauth.processDiscoveryResponse(issuer, found)
    const initialAccessToken = await tokenFor()
    const answer = await oauth.dynamicClientRegistrationRequest(as, machine, {
      ...options,
      initialAccessToken,
    })
    const client = await oauth.processDynamicClientRegistrationResponse(answer)
    expect(client).toMatchObject({
      ...machine,
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'payments:read payments:write',
      client_secret_expires_at: 0,
    })
    const proof = oauth.ClientSecretBasic(client.client_secret as string)
    const asked = await oauth.clientCredentialsGrantRequest(as, client, proof, new URLSearchParams(), options)
    const token = await oauth.processClientCredentialsResponse(as, client, asked)
    expect(token.scope).toBe('payments:read payments:write')
  })

  test('and is held to the profile of its application', async () => {
    const { publicKey } = await generateKeyPair('ES256')
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1' }] }
    const token = await tokenFor({ profile: 'fapi2' })
    const loose = await register(token, shop)
    expect([loose.status, loose.body.error]).toEqual([400, 'invalid_client_metadata'])
    const strict = {
      ...shop,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks,
      dpop_bound_access_tokens: true,
    }
    const { status, body } = await register(token, strict)
    expect([status, body.client_secret, body.dpop_bound_access_tokens]).toEqual([201, undefined, true])
    const kept = await getCredential(platform.registry, body.client_id)
    expect(kept.value).toMatchObject({ applicationId: party.applicationId, oauth: { profile: 'fapi2' } })
  })

  test('as often as the token allows, also where many try at once', async () => {
    const token = await tokenFor({ uses: 3 })
    const answers = await Promise.all(Array.from({ length: 20 }, () => register(token, machine)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3)
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(17)
  })

  test('and not with a token that was taken back; what was registered before stays', async () => {
    const made = await createRegistrationToken(platform.registry, tester, party.applicationId, {
      ...{ environment: 'sandbox', uses: 2 },
    })
    const { body } = await register(made.token, machine)
    await revokeRegistrationToken(platform.registry, tester, party.applicationId, made.id)
    expect(await register(made.token, machine)).toMatchObject({
      ...{ status: 401, body: { error: 'invalid_token' } },
    })
    const path = `/oauth2/register/${body.client_id}`
    expect(await call('GET', path, body.registration_access_token)).toMatchObject({ status: 200 })
  })

  test('and a refused try takes no use', async () => {
    const token = await tokenFor()
    expect((await register(token, { ...machine, grant_types: ['password'] })).status).toBe(400)
    expect((await register(token, { ...machine, scope: 'admin' })).status).toBe(400)
    expect((await register(token, machine)).status).toBe(201)
  })

  test.each([
    ['a grant that is not there', { ...machine, grant_types: ['implicit'] }, 'invalid_client_metadata'],
    ['a response type that is not there', { ...shop, response_types: ['token'] }, 'invalid_client_metadata'],
    [
      'a way to authenticate that is not there',
      { ...machine, token_endpoint_auth_method: 'client_secret_jwt' },
      'invalid_client_metadata',
    ],
    ['no redirect URI', {}, 'invalid_redirect_uri'],
    ['a redirect URI with a fragment', { redirect_uris: ['https://a.example/#x'] }, 'invalid_redirect_uri'],
    ['a redirect URI by plain http', { redirect_uris: ['http://a.example/'] }, 'invalid_redirect_uri'],
    ['a redirect URI that is none', { redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
    [
      'both bindings',
      { ...shop, dpop_bound_access_tokens: true, tls_client_certificate_bound_access_tokens: true },
      'invalid_client_metadata',
    ],
    [
      'a private key',
      {
        ...machine,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'a', y: 'b', d: 'c' }] },
      },
      'invalid_client_metadata',
    ],
    ['a scope of others', { ...machine, scope: 'payments:read admin' }, 'invalid_client_metadata'],
    ['no JSON', 'client_name=x', 'invalid_client_metadata'],
    ['no object', [1], 'invalid_client_metadata'],
  ])('but not with %s', async (_name, metadata, error) => {
    const { status, body } = await register(await tokenFor(), metadata)
    expect([status, body.error]).toEqual([400, error])
    expect(body.error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
  })

  test('nor without a token, or with a wrong one', async () => {
    for (const token of ['x', 'pgi_wrong', party.secret]) {
      const { status, headers, body } = await register(token, machine)
      expect([status, body.error]).toEqual([401, 'invalid_token'])
      expect(headers.get('www-authenticate')).toContain('Bearer')
    }
    expect((await fetch(`${server.issuer}/oauth2/register`, { method: 'POST' })).status).toBe(401)
    expect((await call('GET', '/oauth2/register', await tokenFor())).status).toBe(405)
  })
})

describe('a registration (RFC 7592)', () => {
  test('is read, changed and ended by its own token, which each change renews', async () => {
    const made = (await register(await tokenFor(), machine)).body
    const path = new URL(made.registration_client_uri).pathname
    const read = await call('GET', path, made.registration_access_token)
    expect(read.body).toMatchObject({ client_id: made.client_id, client_name: 'Batch' })
    expect([read.body.client_secret, read.body.registration_access_token]).toEqual([undefined, undefined])

    const body = {
      ...machine,
      client_id: made.client_id,
      client_secret: made.client_secret,
      client_name: 'New',
    }
    const changed = await call('PUT', path, made.registration_access_token, body)
    expect([changed.status, changed.body.client_name, changed.body.client_secret]).toEqual([
      200,
      'New',
      undefined,
    ])
    const renewed = changed.body.registration_access_token
    expect(renewed).not.toBe(made.registration_access_token)
    expect((await call('GET', path, made.registration_access_token)).status).toBe(401)

    expect((await call('DELETE', path, renewed)).status).toBe(204)
    expect((await call('GET', path, renewed)).status).toBe(401)
    expect((await getCredential(platform.registry, made.client_id)).value.revokedAt).not.toBeNull()
  })

  test('is not for the token of another client', async () => {
    const token = await tokenFor({ uses: 2 })
    const [mine, theirs] = [(await register(token, machine)).body, (await register(token, machine)).body]
    const path = new URL(theirs.registration_client_uri).pathname
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect(
        (await call(method, path, mine.registration_access_token, method === 'PUT' ? machine : undefined))
          .status,
      ).toBe(401)
    expect((await call('GET', path, token)).status).toBe(401)
  })

  test.each([
    ['another id', { client_id: 'cred_other' }],
    ['no id', { client_id: undefined }],
    ['a secret that it has not', { client_secret: 'x' }],
    ['what only the server sets', { client_id_issued_at: 1 }],
    ['what cannot be', { grant_types: ['implicit'] }],
  ])('is not changed with %s, and keeps its token', async (_name, change) => {
    const made = (await register(await tokenFor(), machine)).body
    const path = new URL(made.registration_client_uri).pathname
    const token = made.registration_access_token
    const refused = await call('PUT', path, token, { ...machine, client_id: made.client_id, ...change })
    expect([refused.status, refused.body.error]).toEqual([400, 'invalid_client_metadata'])
    expect((await call('GET', path, token)).status).toBe(200)
  })

  test('that turns to a secret is told it, once', async () => {
    const open = { ...shop, token_endpoint_auth_method: 'none' }
    const made = (await register(await tokenFor(), open)).body
    expect(made.client_secret).toBeUndefined()
    const path = new URL(made.registration_client_uri).pathname
    const changed = await call('PUT', path, made.registration_access_token, {
      ...shop,
      client_id: made.client_id,
    })
    expect(changed.body.client_secret).toMatch(/^pgs_test_/)
  })

  test('is changed 20 times a minute, refused tries counted, and then not for a while', async () => {
    const made = (await register(await tokenFor(), machine)).body
    const path = new URL(made.registration_client_uri).pathname
    const change = () => call('PUT', path, made.registration_access_token, machine) // without its client_id
    for (let i = 0; i < 20; i++) expect((await change()).status).toBe(400)
    const late = await change()
    expect([late.status, late.body.error]).toEqual([429, 'slow_down'])
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await call('GET', path, made.registration_access_token)).status).toBe(200)
  })

  test('leaves none of its tokens in the store in clear', async () => {
    const token = await tokenFor({ uses: 2 })
    const made = (await register(token, machine)).body
    const { redis } = platform.registry
    for (const key of await redis.keys('*')) {
      const type = await redis.type(key)
      const value =
        type === 'string'
          ? await redis.get(key)
          : type === 'hash'
            ? JSON.stringify(await redis.hgetall(key))
            : type === 'stream'
              ? JSON.stringify(await redis.xrange(key, '-', '+'))
              : ''
      for (const secret of [token, made.registration_access_token, made.client_secret])
        expect(`${key} ${value}`).not.toContain(secret)
    }
  })
})
