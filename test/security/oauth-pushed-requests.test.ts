import { describe, expect, test } from '@jest/globals'
import { allowed } from '../../policies/oauth2/authorization-response.ts'
import { findInteraction } from '../../policies/oauth2/interactions.ts'
import type { OAuthRequest } from '../../policies/oauth2/message.ts'
import { newDpopKey } from '../support/dpop.ts'
import { issuer, post, shop, visit } from '../support/oauth.ts'
import { asks, type GrantStage, grantStage, person } from '../support/oauth-grants.ts'

function stage(given?: GrantStage) {
  const all = grantStage(given)
  const push = (form: Record<string, string> = {}, headers: Record<string, string> = {}) =>
    post(all.server.push, { ...asks, ...shop, ...form }, { path: '/oauth2/par', headers })
  const pushed = async (form?: Record<string, string>) => (await push(form)).json.request_uri as string
  const open = (request_uri: string, more: Record<string, string> = {}) =>
    visit(all.server.authorize, { client_id: 'crd_shop', request_uri, ...more })
  const requestOf = async (answer: Awaited<ReturnType<typeof visit>>) => {
    const req = {
      headers: { cookie: answer.headers['Set-Cookie']!.split(';')[0] },
    } as unknown as OAuthRequest
    return (await findInteraction(all.server.deps, answer.to!.pathname.split('/').at(-1)!, req))!.request
  }
  return { ...all, push, pushed, open, requestOf }
}

describe('a pushed request', () => {
  test('is answered 201 with a name that nobody can guess', async () => {
    const { push } = stage()
    expect(await push()).toMatchObject({
      status: 201,
      headers: { 'Cache-Control': 'no-store' },
      json: {
        request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:[\w-]{43}$/),
        expires_in: 90,
      },
    })
  })

  test('is what counts, whatever else the link says', async () => {
    const { pushed, open, requestOf } = stage()
    const answer = await open(await pushed(), {
      scope: 'payments:write',
      redirect_uri: 'https://evil.example',
      state: 'other',
    })
    expect(await requestOf(answer)).toMatchObject({
      scopes: ['payments:read'],
      state: 'state-1',
      redirectUri: 'https://shop.example/back',
    })
  })

  test('may be opened as often as browsers like, and is used by the decision', async () => {
    const { pushed, open, requestOf, server } = stage()
    const uri = await pushed()
    const [one, two] = [await open(uri), await open(uri)]
    const granted = { scopes: ['payments:read'] }
    const first = await allowed(server.deps, await requestOf(one), person, granted)
    expect(first.headers.Location).toContain('code=')
    const second = await allowed(server.deps, await requestOf(two), person, granted)
    expect(second.headers.Location).toContain('error=invalid_request_uri')
    expect(await open(uri)).toMatchObject({ status: 400, json: { error: 'invalid_request_uri' } })
  })

  test('is gone after 90 seconds', async () => {
    const { pushed, open, clock } = stage()
    const uri = await pushed()
    clock.now += 90_000
    expect(await open(uri)).toMatchObject({
      status: 400,
      json: { error: 'invalid_request_uri' },
      to: undefined,
    })
  })

  test('is gone when all ends that its client was given, as with what the client is held to', async () => {
    const { pushed, open, change, clock } = stage()
    const uri = await pushed()
    change({ tokensNotBefore: clock.now })
    expect(await open(uri)).toMatchObject({ status: 400, json: { error: 'invalid_request_uri' } })
    clock.now += 1
    expect(await open(await pushed())).toMatchObject({ status: 303 })
  })

  test('is its own client’s only', async () => {
    const { pushed, open } = stage()
    expect(await open(await pushed(), { client_id: 'crd_other' })).toMatchObject({
      status: 400,
      json: { error: 'invalid_request_uri' },
      to: undefined,
    })
  })

  test('leads nowhere once its redirect URI was taken from the client', async () => {
    const { pushed, open, change, clients } = stage()
    const uri = await pushed()
    const { settings } = clients.get('crd_shop')!
    change({ settings: { ...settings, redirectUris: ['https://shop.example/new'] } })
    expect(await open(uri)).toMatchObject({ status: 400, to: undefined })
  })

  test.each([
    ['without proof of the client', { client_secret: 'guess' }, 401, 'invalid_client'],
    [
      'with a request_uri in it',
      { request_uri: 'urn:ietf:params:oauth:request_uri:x' },
      400,
      'invalid_request',
    ],
    ['to another address', { redirect_uri: 'https://evil.example/' }, 400, 'invalid_request'],
    ['without PKCE', { code_challenge: '' }, 400, 'invalid_request'],
    ['with an unknown scope', { scope: 'admin' }, 400, 'invalid_scope'],
    ['for a token', { response_type: 'token' }, 400, 'unsupported_response_type'],
  ])('%s is refused at once', async (_what, form, status, error) => {
    expect(await stage().push(form)).toMatchObject({ status, json: { error } })
  })

  test('may come from a public client, which has nothing to prove itself by', async () => {
    const { server } = stage({ settings: { authentication: 'none' } })
    expect(await post(server.push, asks, { path: '/oauth2/par' })).toMatchObject({ status: 201 })
  })

  test('is one of a thousand in a minute: each is kept', async () => {
    const { push } = stage()
    for (let i = 0; i < 1_000; i++) await push()
    expect(await push()).toMatchObject({ status: 429, json: { error: 'slow_down' } })
  })

  test('with a DPoP proof binds the code to its key, and must not name another', async () => {
    const { push, open, requestOf, clock } = stage()
    const key = newDpopKey()
    const proof = () => ({ dpop: key.proof({ method: 'POST', url: `${issuer}/oauth2/par`, now: clock.now }) })
    for (const form of [undefined, { dpop_jkt: key.jkt }]) {
      const { json } = await push(form, proof())
      expect(await requestOf(await open(json.request_uri as string))).toMatchObject({ dpopJkt: key.jkt })
    }
    expect(await push({ dpop_jkt: newDpopKey().jkt }, proof())).toMatchObject({
      json: { error: 'invalid_request' },
    })
  })
})

describe('a client of profile fapi2', () => {
  test('is heard only by what it pushed', async () => {
    const { server, pushed, open } = stage({ settings: { profile: 'fapi2' } })
    const { to } = await visit(server.authorize, asks)
    expect(to!.origin).toBe('https://shop.example')
    expect(to!.searchParams.get('error')).toBe('invalid_request')
    expect((await open(await pushed())).to!.pathname).toMatch(/^\/oauth2\/interaction\//)
  })

  test('is never answered over http, but to a loopback address', async () => {
    const redirectUris = ['http://shop.example/back', 'http://127.0.0.1/back']
    const { push, clients, change } = stage({ settings: { profile: 'fapi2' } })
    // As settings from before a check would be: the schema takes none such any more.
    change({ settings: { ...clients.get('crd_shop')!.settings, redirectUris } })
    expect(await push({ redirect_uri: redirectUris[0]! })).toMatchObject({ status: 400 })
    expect(await push({ redirect_uri: 'http://127.0.0.1:4000/back' })).toMatchObject({ status: 201 })
  })
})
