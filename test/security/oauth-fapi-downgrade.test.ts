import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as oauth from 'oauth4webapi'
import { ClientSettings } from '../../registry/oauth-model.ts'
import { faultsOfSettings } from '../../registry/oauth-profiles.ts'
import {
  ask,
  clientCredentials,
  decide,
  discover,
  dpopOf,
  obtain,
  push,
  redeem,
  refresh,
  refusal,
} from '../support/oauth-servers/flow.ts'
import { endServers, servers } from '../support/oauth-servers/index.ts'
import type { TestClient, TestServer } from '../support/oauth-servers/server.ts'

/**
 * A client of the FAPI 2.0 profile tries what the profile forbids; each of its rules is one that an attacker would like
 * to be without. The letters are those of docs/fapi-2.md.
 */

afterAll(endServers)

describe.each(servers('fapi2'))('a client of profile fapi2 at %s', (_name, start) => {
  let server: TestServer
  let client: TestClient
  beforeAll(async () => {
    server = await start()
    client = await server.register({
      profile: 'fapi2',
      authentication: 'private_key_jwt',
      senderConstraint: 'dpop',
    })
  })

  const parameters = async (more: Record<string, string | undefined> = {}) => {
    const all: Record<string, string | undefined> = {
      client_id: client.id,
      response_type: 'code',
      redirect_uri: client.redirectUri,
      scope: 'payments:read',
      code_challenge: await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier()),
      code_challenge_method: 'S256',
      ...more,
    }
    return new URLSearchParams(
      Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
    )
  }
  const pushed = async (more: Record<string, string | undefined> = {}) =>
    push(server, client, await parameters(more))
  /** Where a browser ends that comes with these parameters. */
  async function open(query: URLSearchParams): Promise<string> {
    const { authorization_endpoint } = await discover(server)
    const end = await server
      .browse(new URL(`${authorization_endpoint}?${query}`))
      .catch((error) => String(error.message).slice(0, 3))
    if (typeof end === 'string') return end
    expect(end.searchParams.get('code')).toBeNull()
    return end.searchParams.get('error')!
  }
  async function tokenBy(form: Record<string, string>, headers: Record<string, string> = {}) {
    const { token_endpoint } = await discover(server)
    const answer = await fetch(token_endpoint!, { method: 'POST', body: new URLSearchParams(form), headers })
    const body = (await answer.json()) as Record<string, unknown>
    expect(body).not.toHaveProperty('access_token')
    expect([400, 401]).toContain(answer.status)
    return body.error
  }

  test('gets what it came for when it keeps to the profile', async () => {
    const dpop = await dpopOf(client)
    const { tokens } = await obtain(server, client, { dpop })
    expect(tokens).toMatchObject({ token_type: 'dpop', refresh_token: expect.any(String) })
  })

  test('A2: gets nothing by a password', async () => {
    const error = await tokenBy({
      grant_type: 'password',
      client_id: client.id,
      username: 'person',
      password: 'x',
    })
    expect(error).toMatch(/^(unsupported_grant_type|unauthorized_client|invalid_client|invalid_request)$/)
    expect((await discover(server)).grant_types_supported).not.toContain('password')
  })

  test('A4: gets no token that is not bound, by no grant', async () => {
    expect(await refusal(clientCredentials(server, client))).toMatch(
      /^(invalid_dpop_proof|invalid_request|invalid_grant)$/,
    )
    const asked = await ask(server, client)
    const answer = await decide(server, client, asked)
    expect(await refusal(redeem(server, client, asked, answer))).toMatch(
      /^(invalid_dpop_proof|invalid_request|invalid_grant)$/,
    )
  })

  test('A6: proves itself by no secret, and not by its name alone', async () => {
    const basic = `Basic ${btoa(`${client.id}:${client.secret || 'secret'}`)}`
    const form = { grant_type: 'client_credentials' }
    expect(await tokenBy(form, { authorization: basic })).toBe('invalid_client')
    expect(await tokenBy({ ...form, client_id: client.id, client_secret: 'secret' })).toBe('invalid_client')
    expect(await tokenBy({ ...form, client_id: client.id })).toMatch(/^invalid_(client|request)$/)
  })

  test('A9: keeps its refresh token, so that a lost answer loses nothing', async () => {
    const dpop = await dpopOf(client)
    const { tokens } = await obtain(server, client, { dpop })
    for (let i = 0; i < 2; i++) {
      const next = await refresh(server, client, tokens.refresh_token!, dpop)
      expect(next.refresh_token ?? tokens.refresh_token).toBe(tokens.refresh_token)
      expect(next.token_type).toBe('dpop')
    }
  })

  test('A4: gets no unbound token by a refresh token, either', async () => {
    const { tokens } = await obtain(server, client, { dpop: await dpopOf(client) })
    expect(await refusal(refresh(server, client, tokens.refresh_token!))).toMatch(
      /^(invalid_dpop_proof|invalid_request|invalid_grant)$/,
    )
  })

  test.each(['token', 'id_token', 'code token', 'code id_token', 'none'])(
    'B1: is asked for nothing but a code: not by response_type %s',
    async (response_type) => {
      expect(await refusal(pushed({ response_type }))).toMatch(
        /^(unsupported_response_type|unauthorized_client|invalid_request)$/,
      )
    },
  )

  test('B2: pushes nothing without its proof', async () => {
    const { pushed_authorization_request_endpoint: endpoint } = await discover(server)
    for (const headers of [{}, { authorization: `Basic ${btoa(`${client.id}:secret`)}` }]) {
      const answer = await fetch(endpoint!, { method: 'POST', body: await parameters(), headers })
      expect([400, 401]).toContain(answer.status)
      expect(await answer.json()).not.toHaveProperty('request_uri')
    }
  })

  test('B3: asks for nothing that it has not pushed', async () => {
    expect(await open(await parameters())).toMatch(/^(400|invalid_request)$/)
  })

  test('B3: adds nothing to what it has pushed', async () => {
    const { request_uri } = await pushed()
    const query = await parameters({ request_uri, scope: 'payments:read payments:write' })
    const { authorization_endpoint } = await discover(server)
    const end = await server
      .browse(new URL(`${authorization_endpoint}?${query}`))
      .catch((error) => String(error.message).slice(0, 3))
    if (typeof end === 'string') return expect(end).toBe('400')
    // Taken, then by what was pushed alone: there was no state in it.
    expect(end.searchParams.get('state')).toBeNull()
  })

  test('B4: is served by no request_uri that nobody gave', async () => {
    for (const request_uri of [
      'urn:ietf:params:oauth:request_uri:made-up',
      'https://attacker.example/request.jwt',
      'file:///etc/passwd',
      '',
    ])
      expect(
        await open(new URLSearchParams({ client_id: client.id, ...(request_uri && { request_uri }) })),
      ).toMatch(/^(400|invalid_request(_uri)?|request_uri_not_supported)$/)
  })

  test('B5: pushes no request without PKCE by S256', async () => {
    for (const change of [
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge_method: 'plain' },
      { code_challenge_method: undefined },
    ])
      expect(await refusal(pushed(change))).toBe('invalid_request')
  })

  test('B6: pushes no request without its redirect URI, though it has only one', async () => {
    expect(await refusal(pushed({ redirect_uri: undefined }))).toBe('invalid_request')
  })

  test('B7: is told who answers', async () => {
    const { url } = await ask(server, client)
    expect((await server.browse(url)).searchParams.get('iss')).toBe(server.issuer)
  })

  test('B9: uses a code once', async () => {
    const dpop = await dpopOf(client)
    const asked = await ask(server, client)
    const answer = await decide(server, client, asked)
    const { refresh_token } = await redeem(server, client, asked, answer, dpop)
    expect(await refusal(redeem(server, client, asked, answer, dpop))).toBe('invalid_grant')
    expect(await refusal(refresh(server, client, refresh_token!, dpop))).toBe('invalid_grant')
  })

  test('B12: gets a request_uri for less than ten minutes', async () => {
    expect((await pushed()).expires_in).toBeLessThan(600)
  })
})

test('B8: has no http redirect URI, but to a loopback address', () => {
  const settings = (uri: string) => ({
    profile: 'fapi2' as const,
    grants: ['authorization_code' as const],
    authentication: 'tls_client_auth' as const,
    certificateName: { subjectDn: 'CN=shop' },
    senderConstraint: 'certificate' as const,
    redirectUris: [uri],
  })
  for (const uri of ['http://shop.example/cb', 'http://127.0.0.1.attacker.example/cb', 'http://localhost/cb'])
    expect(ClientSettings.safeParse(settings(uri)).success).toBe(false)
  for (const uri of ['https://shop.example/cb', 'http://127.0.0.1:8080/cb', 'http://[::1]/cb'])
    expect(faultsOfSettings(ClientSettings.parse(settings(uri)))).toEqual([])
})
