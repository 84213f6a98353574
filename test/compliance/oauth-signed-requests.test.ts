import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { ask, decide, discover, obtain, push, redeem, refusal } from '../support/oauth-servers/flow.ts'
import { endServers, servers } from '../support/oauth-servers/index.ts'
import { newKeys, type TestClient, type TestServer } from '../support/oauth-servers/server.ts'

/** RFC 9101 (JAR), as FAPI 2.0 Message Signing has it. */

afterAll(endServers)

describe.each(servers('signed_requests'))('signed requests at %s', (_name, start) => {
  let server: TestServer
  let client: TestClient
  beforeAll(async () => {
    server = await start()
    const keys = await newKeys()
    const registered = await server.register({
      authentication: 'private_key_jwt',
      jwks: { keys: [keys.publicJwk as { kty: 'EC' }] },
    })
    const { PrivateKeyJwt } = await import('oauth4webapi')
    client = { ...registered, keys, auth: PrivateKeyJwt({ key: keys.privateKey, kid: keys.kid }) }
  })

  const now = () => Math.floor(Date.now() / 1000)
  const parameters = {
    response_type: 'code',
    scope: 'payments:read',
    state: 'state-of-the-client',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  }
  async function signed(claims: Record<string, unknown> = {}, keys = client.keys) {
    return new SignJWT({
      ...parameters,
      redirect_uri: client.redirectUri,
      client_id: client.id,
      iss: client.id,
      aud: server.issuer,
      nbf: now(),
      iat: now(),
      exp: now() + 300,
      jti: crypto.randomUUID(),
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', kid: keys.kid, typ: 'oauth-authz-req+jwt' })
      .sign(keys.privateKey)
  }
  const pushRequest = async (request: string, more: Record<string, string> = {}, of = client) =>
    push(server, of, new URLSearchParams({ client_id: of.id, request, ...more }))

  test('that are pushed lead to a code', async () => {
    const { tokens } = await obtain(server, client, { isPushed: true, isSigned: true })
    expect(tokens.access_token).toEqual(expect.any(String))
  })

  test('count alone: what stands beside them changes nothing', async () => {
    const { request_uri } = await pushRequest(await signed(), {
      scope: 'payments:read payments:write',
      state: 'x',
    }).catch(() => ({ request_uri: undefined }))
    if (request_uri === undefined) return // refused outright, which RFC 9101 §6.3 leaves to the server
    const as = await discover(server)
    const url = new URL(as.authorization_endpoint!)
    url.search = String(new URLSearchParams({ client_id: client.id, request_uri }))
    const back = await server.browse(url)
    expect(back.searchParams.get('state')).toBe(parameters.state)
  })

  test.each<[string, () => Record<string, unknown>]>([
    ['for another server', () => ({ aud: 'https://elsewhere.example' })],
    ['of another client', () => ({ client_id: 'another', iss: 'another' })],
    ['that has expired', () => ({ nbf: now() - 600, exp: now() - 300 })],
    ['that is not valid yet', () => ({ nbf: now() + 300, exp: now() + 600 })],
    ['that holds another', () => ({ request: 'x.y.z' })],
    ['that names a request_uri', () => ({ request_uri: 'urn:ietf:params:oauth:request_uri:x' })],
  ])('%s are refused', async (_what, claims) => {
    expect(await refusal(pushRequest(await signed(claims())))).toMatch(/^invalid_request(_object)?$/)
  })

  test('of a stranger, or unsigned, are refused', async () => {
    expect(await refusal(pushRequest(await signed({}, await newKeys())))).toMatch(
      /^invalid_request(_object)?$/,
    )
    const claims = { ...parameters, redirect_uri: client.redirectUri, iss: client.id, client_id: client.id }
    const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const unsigned = `${base64({ alg: 'none' })}.${base64({ ...claims, aud: server.issuer, exp: now() + 60 })}.`
    expect(await refusal(pushRequest(unsigned))).toMatch(/^invalid_request(_object)?$/)
  })

  describe('of the profile fapi2-message-signing', () => {
    let bank: TestClient
    beforeAll(async () => {
      bank = await server.register({
        profile: 'fapi2-message-signing',
        authentication: 'private_key_jwt',
        senderConstraint: 'dpop',
      })
    })
    const ofBank = async (claims: Record<string, unknown>) =>
      signed({ client_id: bank.id, iss: bank.id, redirect_uri: bank.redirectUri, ...claims }, bank.keys)

    test('are taken with nbf and exp within an hour', async () => {
      const { request_uri } = await pushRequest(await ofBank({}), {}, bank)
      expect(request_uri).toEqual(expect.any(String))
    })

    test.each<[string, () => Record<string, unknown>]>([
      ['without nbf', () => ({ nbf: undefined })],
      ['without exp', () => ({ exp: undefined })],
      ['whose nbf is more than an hour ago', () => ({ nbf: now() - 3_700, exp: now() + 60 })],
      ['whose exp is more than an hour after nbf', () => ({ exp: now() + 3_700 })],
      ['without an audience', () => ({ aud: undefined })],
    ])('%s are refused', async (_what, claims) => {
      const attempt = pushRequest(await ofBank(claims()), {}, bank)
      expect(await refusal(attempt)).toMatch(/^invalid_request(_object)?$/)
    })

    test('have to be signed', async () => {
      expect(await refusal(ask(server, bank, { isPushed: true }))).toMatch(/^invalid_request(_object)?$/)
    })
  })
})

describe.each(servers('jarm'))('signed answers (JARM) of %s', (_name, start) => {
  let server: TestServer
  let client: TestClient
  beforeAll(async () => {
    server = await start()
    client = await server.register()
  })

  test('hold the code, and say of whom and for whom they are', async () => {
    const asked = await ask(server, client, { parameters: { response_mode: 'jwt' } })
    const back = await server.browse(asked.url)
    expect([...back.searchParams.keys()]).toEqual(['response'])
    const response = back.searchParams.get('response')!
    expect(decodeProtectedHeader(response).alg).toMatch(/^(PS256|ES256|EdDSA|Ed25519)$/)
    const claims = decodeJwt(response)
    expect(claims).toMatchObject({ iss: server.issuer, aud: client.id, state: asked.state })
    expect(claims.exp! - now()).toBeLessThanOrEqual(600)
  })

  test('are verified by a client with the published keys, and the code is good', async () => {
    const asked = await ask(server, client, { parameters: { response_mode: 'jwt' }, isPushed: true })
    const answer = await decide(server, client, asked)
    expect(await redeem(server, client, asked, answer)).toMatchObject({ access_token: expect.any(String) })
  })

  test('tell refusals as well', async () => {
    const asked = await ask(server, client, { parameters: { response_mode: 'jwt' } })
    expect(await refusal(decide(server, client, asked, 'deny'))).toBe('access_denied')
  })

  const now = () => Math.floor(Date.now() / 1000)
})
