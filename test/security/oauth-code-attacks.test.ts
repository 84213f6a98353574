import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as oauth from 'oauth4webapi'
import {
  ask,
  decide,
  discover,
  introspect,
  obtain,
  redeem,
  refresh,
  refusal,
} from '../support/oauth-servers/flow.ts'
import { endServers, servers } from '../support/oauth-servers/index.ts'
import type { TestClient, TestServer } from '../support/oauth-servers/server.ts'

/** Attacks on the code grant, as RFC 9700 §4 lists them. */

afterAll(endServers)

describe.each(servers('authorization_code'))('the code grant of %s', (_name, start) => {
  let server: TestServer
  let client: TestClient
  beforeAll(async () => {
    server = await start()
    client = await server.register()
  })

  const parameters = async (more: Record<string, string | undefined> = {}) => {
    const all: Record<string, string | undefined> = {
      client_id: client.id,
      response_type: 'code',
      redirect_uri: client.redirectUri,
      scope: 'payments:read',
      state: 'state',
      code_challenge: await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier()),
      code_challenge_method: 'S256',
      ...more,
    }
    return new URLSearchParams(
      Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
    )
  }
  /** Where the browser ends: at the client, or on a page of the server with its status. */
  async function open(query: string | URLSearchParams): Promise<URL | string> {
    const { authorization_endpoint } = await discover(server)
    return server
      .browse(new URL(`${authorization_endpoint}?${query}`))
      .catch((error) => String(error.message).slice(0, 3))
  }

  test('sends nobody anywhere before it knows who asks and where to: no open redirector', async () => {
    const wrong: Record<string, string | undefined>[] = [
      { client_id: 'nobody' },
      { client_id: undefined },
      { redirect_uri: 'https://attacker.example/callback' },
      { redirect_uri: `${client.redirectUri}/../../evil` },
      { redirect_uri: `${client.redirectUri}/` },
      { redirect_uri: `${client.redirectUri}?extra=1` },
      { redirect_uri: `${client.redirectUri}#fragment` },
      { redirect_uri: client.redirectUri.toUpperCase() },
      { redirect_uri: client.redirectUri.replace('https:', 'http:') },
      { redirect_uri: client.redirectUri.replace('shop.example', 'shop.example@attacker.example') },
      { redirect_uri: client.redirectUri.replace('shop.example', 'attacker.example\\@shop.example') },
      { redirect_uri: client.redirectUri.replace('shop.example', 'shop.example.attacker.example') },
      { redirect_uri: client.redirectUri.replace('shop.example', 'shop.example:8443') },
      { redirect_uri: client.redirectUri.replace('callback', '%63allback') },
      { redirect_uri: client.redirectUri.replace('/callback', '//callback') },
      { redirect_uri: 'javascript:alert(1)//https://shop.example/callback' },
      { redirect_uri: 'data:text/html,x' },
      { redirect_uri: '//shop.example/callback' },
      { redirect_uri: `${client.redirectUri}\r\nLocation: https://attacker.example` },
    ]
    for (const change of wrong) {
      const end = await open(await parameters(change))
      expect([change, end]).toEqual([change, '400'])
    }
  })

  test('reads no parameter twice: what one part takes and another checks would differ', async () => {
    for (const [name, value] of [
      ['redirect_uri', 'https://attacker.example/callback'],
      ['client_id', 'nobody'],
      ['scope', 'payments:write'],
      ['response_type', 'code'],
      ['code_challenge', 'x'.repeat(43)],
      ['state', 'other'],
    ]) {
      const twice = await parameters()
      twice.append(name!, value!)
      const end = await open(twice)
      if (end instanceof URL) {
        expect(end.origin + end.pathname).toBe(client.redirectUri)
        expect(end.searchParams.get('error')).toBe('invalid_request')
      } else expect(end).toBe('400')
    }
  })

  test.each<[string, Record<string, string | undefined>]>([
    ['the implicit flow', { response_type: 'token' }],
    ['a mixed flow', { response_type: 'code token' }],
    ['a response type that is none', { response_type: 'magic' }],
    ['none at all', { response_type: undefined }],
  ])('gives no token by %s', async (_what, change) => {
    const end = await open(await parameters(change))
    if (!(end instanceof URL)) return expect(end).toBe('400')
    expect(end.hash).not.toContain('access_token')
    const answer = new URLSearchParams(end.search || end.hash.slice(1))
    expect(answer.get('error')).toMatch(/^(unsupported_response_type|unauthorized_client|invalid_request)$/)
  })

  test.each<[string, Record<string, string | undefined>]>([
    ['the plain method', { code_challenge_method: 'plain' }],
    ['no method, which would mean plain', { code_challenge_method: undefined }],
    ['a challenge that is no hash', { code_challenge: 'short' }],
    ['a challenge of other characters', { code_challenge: '+'.repeat(43) }],
  ])('takes no PKCE with %s', async (_what, change) => {
    const end = await open(await parameters(change))
    expect((end as URL).searchParams.get('error')).toBe('invalid_request')
  })

  test('is not fooled by a code that was got elsewhere and brought in here (code injection)', async () => {
    const ofAttacker = await ask(server, client)
    const stolen = await decide(server, client, ofAttacker)
    const ofVictim = await ask(server, client)
    expect(await refusal(redeem(server, client, ofVictim, stolen))).toBe('invalid_grant')
  })

  test('gives nothing for a code with its challenge and no verifier (PKCE downgrade)', async () => {
    const asked = await ask(server, client)
    const answer = await decide(server, client, asked)
    const { token_endpoint } = asked.as
    const form = {
      grant_type: 'authorization_code',
      code: answer.get('code')!,
      redirect_uri: client.redirectUri,
    }
    const refused = await fetch(token_endpoint!, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers: { authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` },
    })
    expect(refused.status).toBe(400)
    expect(await refused.json()).toMatchObject({
      error: expect.stringMatching(/^invalid_(grant|request)$/),
    })
  })

  test('names itself in every answer, so that a client notices the answer of another server (mix-up)', async () => {
    const asked = await ask(server, client)
    const back = await server.browse(asked.url)
    expect(back.searchParams.get('iss')).toBe(server.issuer)
    back.searchParams.set('iss', 'https://attacker.example')
    expect(() => oauth.validateAuthResponse(asked.as, client.metadata, back, asked.state)).toThrow(/iss/)
  })

  test('ends all that came of a code when it comes again: tokens and their successors', async () => {
    const { asked, answer, tokens } = await obtain(server, client)
    const next = await refresh(server, client, tokens.refresh_token!)
    expect(await refusal(redeem(server, client, asked, answer))).toBe('invalid_grant')
    for (const { access_token } of [tokens, next])
      expect(await introspect(server, client, access_token)).toEqual({ active: false })
    expect(await refusal(refresh(server, client, next.refresh_token!))).toBe('invalid_grant')
  })

  test('gives the parts of a session no way to live on in another: refresh tokens are no access tokens', async () => {
    const { tokens, answer } = await obtain(server, client)
    for (const wrong of [tokens.access_token, answer.get('code')!])
      expect(await refusal(refresh(server, client, wrong))).toBe('invalid_grant')
    const asked = await ask(server, client)
    const asCode = new URLSearchParams({ code: tokens.refresh_token! })
    const checked = oauth.validateAuthResponse(
      { ...asked.as, authorization_response_iss_parameter_supported: false },
      client.metadata,
      asCode,
      oauth.expectNoState,
    )
    expect(await refusal(redeem(server, client, asked, checked))).toBe('invalid_grant')
  })

  test('sends the browser back by a method that carries no form along', async () => {
    const { authorization_endpoint } = await discover(server)
    const answer = await fetch(`${authorization_endpoint}?${await parameters()}`, { redirect: 'manual' })
    expect([302, 303]).toContain(answer.status)
  })

  test('tells no other site what it answers, and lets none frame or read it', async () => {
    const { authorization_endpoint } = await discover(server)
    const answer = await fetch(`${authorization_endpoint}?${await parameters()}`, {
      redirect: 'manual',
      headers: { origin: 'https://attacker.example' },
    })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe.each(servers('refresh_reuse'))('refresh tokens of %s', (_name, start) => {
  test('that come again after they were replaced end all that came of the consent', async () => {
    const server = await start()
    const app = await server.register({
      authentication: 'none',
      grants: ['authorization_code', 'refresh_token'],
    })
    const { tokens } = await obtain(server, app)
    let newest = tokens
    for (let i = 0; i < 2; i++) newest = await refresh(server, app, newest.refresh_token!)
    expect(await refusal(refresh(server, app, tokens.refresh_token!))).toBe('invalid_grant')
    expect(await refusal(refresh(server, app, newest.refresh_token!))).toBe('invalid_grant')
  })
})
