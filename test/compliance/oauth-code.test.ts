import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { ask, decide, obtain, redeem, refresh, refusal } from '../support/oauth-servers/flow.ts'
import { endServers, servers } from '../support/oauth-servers/index.ts'
import type { TestClient, TestServer } from '../support/oauth-servers/server.ts'

/** RFC 6749 §4.1 and §6 with PKCE (RFC 7636), as OAuth 2.1 and RFC 9700 have them. */

afterAll(endServers)

describe.each(servers('authorization_code'))('the code grant of %s', (_name, start) => {
  let server: TestServer
  let client: TestClient
  beforeAll(async () => {
    server = await start()
    client = await server.register()
  })

  test('gives tokens for a code and its verifier', async () => {
    const { tokens, answer } = await obtain(server, client)
    expect(tokens).toMatchObject({ token_type: 'bearer', access_token: expect.any(String) })
    expect(tokens.expires_in).toBeGreaterThan(0)
    expect(tokens.refresh_token).toEqual(expect.any(String))
    expect(tokens.refresh_token).not.toBe(tokens.access_token)
    expect(answer.get('code')!.length).toBeGreaterThanOrEqual(22) // 128 bits
  })

  test('grants no more than was asked for', async () => {
    const { tokens } = await obtain(server, client, { scope: 'payments:read' })
    expect(tokens.scope ?? 'payments:read').toBe('payments:read')
  })

  test('tells the client that the person said no', async () => {
    const asked = await ask(server, client)
    expect(await refusal(decide(server, client, asked, 'deny'))).toBe('access_denied')
  })

  test('refuses a code with another verifier', async () => {
    const asked = await ask(server, client)
    const answer = await decide(server, client, asked)
    const verifier = oauth.generateRandomCodeVerifier()
    expect(await refusal(redeem(server, client, { ...asked, verifier }, answer))).toBe('invalid_grant')
  })

  test('refuses a code for another redirect URI, and for another client', async () => {
    const other = await server.register()
    for (const stranger of [other, { ...client, redirectUri: `${client.redirectUri}x` }]) {
      const asked = await ask(server, client)
      const answer = await decide(server, client, asked)
      expect(await refusal(redeem(server, stranger, asked, answer))).toBe('invalid_grant')
    }
  })

  test('takes a code once; who comes second ends what came of it', async () => {
    const { asked, answer, tokens } = await obtain(server, client)
    expect(await refusal(redeem(server, client, asked, answer))).toBe('invalid_grant')
    expect(await refusal(refresh(server, client, tokens.refresh_token!))).toBe('invalid_grant')
  })

  test('refreshes with a new refresh token, and narrows a scope when asked to', async () => {
    const { tokens } = await obtain(server, client)
    const next = await refresh(server, client, tokens.refresh_token!, undefined, { scope: 'payments:read' })
    expect(next.access_token).not.toBe(tokens.access_token)
    expect(next.refresh_token).not.toBe(tokens.refresh_token)
    expect(next.scope).toBe('payments:read')
  })

  test('never widens a scope on refresh', async () => {
    const { tokens } = await obtain(server, client, { scope: 'payments:read' })
    const wider = refresh(server, client, tokens.refresh_token!, undefined, {
      scope: 'payments:read payments:write',
    })
    expect(await refusal(wider)).toBe('invalid_scope')
  })

  test('takes a refresh token of another client for no grant', async () => {
    const other = await server.register()
    const { tokens } = await obtain(server, client)
    expect(await refusal(refresh(server, other, tokens.refresh_token!))).toBe('invalid_grant')
  })

  test('serves a public client with PKCE', async () => {
    const app = await server.register({
      authentication: 'none',
      grants: ['authorization_code', 'refresh_token'],
    })
    const { tokens } = await obtain(server, app)
    const next = await refresh(server, app, tokens.refresh_token!)
    expect(next.refresh_token).toEqual(expect.any(String))
    expect(next.refresh_token).not.toBe(tokens.refresh_token)
  })

  test('serves openid-client the whole way', async () => {
    const config = await openid.discovery(
      new URL(server.issuer),
      client.id,
      client.secret,
      openid.ClientSecretBasic(client.secret),
      { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] },
    )
    const verifier = openid.randomPKCECodeVerifier()
    const state = openid.randomState()
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: client.redirectUri,
      scope: 'payments:read',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
    })
    const back = await server.browse(url)
    const tokens = await openid.authorizationCodeGrant(config, back, {
      pkceCodeVerifier: verifier,
      expectedState: state,
    })
    const next = await openid.refreshTokenGrant(config, tokens.refresh_token!)
    expect(next.access_token).not.toBe(tokens.access_token)
  })
})
