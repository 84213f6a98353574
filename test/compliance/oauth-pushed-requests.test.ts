import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as oauth from 'oauth4webapi'
import { ask, decide, discover, obtain, push, redeem, refusal } from '../support/oauth-servers/flow.ts'
import { endServers, servers } from '../support/oauth-servers/index.ts'
import type { TestClient, TestServer } from '../support/oauth-servers/server.ts'

/** RFC 9126: pushed authorization requests; and RFC 9207: the issuer in the answer. */

afterAll(endServers)

describe.each(servers('pushed_requests'))('pushed requests of %s', (_name, start) => {
  let server: TestServer
  let client: TestClient
  beforeAll(async () => {
    server = await start()
    client = await server.register()
  })

  const plain = async (of: TestClient) =>
    new URLSearchParams({
      client_id: of.id,
      response_type: 'code',
      redirect_uri: of.redirectUri,
      scope: 'payments:read',
      code_challenge: await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier()),
      code_challenge_method: 'S256',
    })

  test('lead to a code', async () => {
    const { tokens } = await obtain(server, client, { isPushed: true })
    expect(tokens.access_token).toEqual(expect.any(String))
  })

  test('get an URI that nobody guesses and that lasts less than ten minutes', async () => {
    const { request_uri, expires_in } = await push(server, client, await plain(client))
    expect(request_uri).toMatch(/^urn:ietf:params:oauth:request_uri:[\w-]{22,}$/)
    expect(expires_in).toBeGreaterThan(0)
    expect(expires_in).toBeLessThan(600)
  })

  test('are refused where the authorization endpoint would refuse them', async () => {
    const wrong = await plain(client)
    wrong.set('redirect_uri', 'https://attacker.example/callback')
    expect(await refusal(push(server, client, wrong))).toMatch(/^invalid_(request|redirect_uri)$/)
    const plainPkce = await plain(client)
    plainPkce.set('code_challenge_method', 'plain')
    expect(await refusal(push(server, client, plainPkce))).toBe('invalid_request')
  })

  test('hold no request_uri themselves', async () => {
    const nested = await plain(client)
    nested.set('request_uri', 'urn:ietf:params:oauth:request_uri:of-another')
    expect(await refusal(push(server, client, nested))).toMatch(
      /^(invalid_request|request_uri_not_supported)$/,
    )
  })

  test('need the proof of the client', async () => {
    const stranger = { ...client, auth: oauth.ClientSecretBasic('guessed') }
    expect(await refusal(push(server, stranger, await plain(client)))).toMatch(/^(invalid_client|401 basic)$/)
  })

  test('serve the client that pushed them, and no other', async () => {
    const other = await server.register()
    const asked = await ask(server, client, { isPushed: true })
    asked.url.searchParams.set('client_id', other.id)
    const end = await server.browse(asked.url).catch((error) => error)
    if (end instanceof URL) expect(end.searchParams.get('code')).toBeNull()
    else expect(String(end)).toMatch(/400/)
  })

  test('serve once', async () => {
    const asked = await ask(server, client, { isPushed: true })
    await redeem(server, client, asked, await decide(server, client, asked))
    const again = await server.browse(asked.url).catch((error) => error)
    if (again instanceof URL) expect(again.searchParams.get('code')).toBeNull()
    else expect(String(again)).toMatch(/400/)
  })

  test('count alone: what the browser adds changes nothing', async () => {
    const asked = await ask(server, client, { isPushed: true, scope: 'payments:read' })
    asked.url.searchParams.set('scope', 'payments:read payments:write')
    asked.url.searchParams.set('state', 'of-the-attacker')
    const answer = await decide(server, client, asked) // checks that the state is the pushed one
    const { scope = 'payments:read' } = await redeem(server, client, asked, answer)
    expect(scope).toBe('payments:read')
  })

  test('are answered with the issuer, and so are refusals (RFC 9207)', async () => {
    const as = await discover(server)
    expect(as.authorization_response_iss_parameter_supported).toBe(true)
    for (const decision of ['allow', 'deny'] as const) {
      const { url } = await ask(server, client, { isPushed: true })
      expect((await server.browse(url, decision)).searchParams.get('iss')).toBe(server.issuer)
    }
  })

  test('are required from a client of the FAPI 2.0 profile', async () => {
    const bank = await server.register({
      profile: 'fapi2',
      authentication: 'private_key_jwt',
      senderConstraint: 'dpop',
    })
    const { url } = await ask(server, bank, { isPushed: false })
    const end = await server.browse(url).catch((error) => error)
    if (end instanceof URL) expect(end.searchParams.get('error')).toBe('invalid_request')
    else expect(String(end)).toMatch(/400/)
  })
})
