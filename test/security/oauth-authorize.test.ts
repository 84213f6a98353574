import { describe, expect, test } from '@jest/globals'
import { findInteraction } from '../../policies/oauth2/interactions.ts'
import type { OAuthRequest } from '../../policies/oauth2/message.ts'
import { issuer, resources, visit } from '../support/oauth.ts'
import { asks, grantStage } from '../support/oauth-grants.ts'

const stage = grantStage

/** What waits for the person after an answer. */
async function waiting({ server }: ReturnType<typeof grantStage>, answer: Awaited<ReturnType<typeof visit>>) {
  const cookie = answer.headers['Set-Cookie']!.split(';')[0]!
  return findInteraction(server.deps, answer.to!.pathname.split('/').at(-1)!, {
    headers: { cookie },
  } as unknown as OAuthRequest)
}

describe('a request that is right', () => {
  test.each(['GET', 'POST'])('by %s waits for the person, checked', async (method) => {
    const s = stage()
    const answer = await visit(s.server.authorize, { ...asks, resource: resources[0]! }, { method })
    expect(answer).toMatchObject({ status: 303, headers: { 'Cache-Control': 'no-store' } })
    expect(answer.to!.href).toMatch(/^https:\/\/api\.bank\.example\/oauth2\/interaction\/[\w-]{43}$/)
    expect((await waiting(s, answer))!.request).toMatchObject({
      clientId: 'crd_shop',
      scopes: ['payments:read'],
      resources: [resources[0]],
      redirectUri: 'https://shop.example/back',
    })
  })

  test('with prompt=none, of a person who has not signed in, goes back as login_required', async () => {
    const { to } = await visit(stage().server.authorize, { ...asks, prompt: 'none' })
    expect(to!.origin).toBe('https://shop.example')
    expect(Object.fromEntries(to!.searchParams)).toMatchObject({
      error: 'login_required',
      state: 'state-1',
      iss: issuer,
    })
  })

  test('that names details and no scope asks for no scope beside them', async () => {
    const s = stage({ settings: settingsWithDetails })
    const { scope: _, ...rest } = asks
    const answer = await visit(s.server.authorize, {
      ...rest,
      authorization_details: JSON.stringify([payment]),
    })
    expect((await waiting(s, answer))!.request).toMatchObject({ scopes: [], authorizationDetails: [payment] })
  })
})

const payment = {
  type: 'payment_initiation',
  instructedAmount: { currency: 'EUR', amount: '123.50' },
  creditorName: 'Merchant A',
  creditorAccount: { iban: 'DE02100100109307118603' },
}
const settingsWithDetails = { authorizationDetailsTypes: ['payment_initiation' as const] }

/** Whoever can choose where people are sent has an open redirector, and with it the codes (RFC 9700 §4.1). */
describe('nobody is sent anywhere', () => {
  test.each([
    ['by an unknown client', { client_id: 'crd_nobody' }],
    ['by none', { client_id: '' }],
    ['without redirect_uri', { redirect_uri: '' }],
    ['to another host', { redirect_uri: 'https://evil.example/back' }],
    ['to a path below', { redirect_uri: 'https://shop.example/back/more' }],
    ['to a path that is climbed out of', { redirect_uri: 'https://shop.example/back/../other' }],
    ['to the same with a query', { redirect_uri: 'https://shop.example/back?x=1' }],
    ['to the same with a fragment', { redirect_uri: 'https://shop.example/back#x' }],
    ['to the same in other letters', { redirect_uri: 'https://SHOP.example/back' }],
    ['to the same with a port', { redirect_uri: 'https://shop.example:443/back' }],
    ['to a name that begins alike', { redirect_uri: 'https://shop.example.evil.example/back' }],
    ['to a script', { redirect_uri: 'javascript:alert(1)' }],
    ['by a request_uri of the client’s own', { request_uri: 'https://shop.example/request.jwt' }],
    ['by a request_uri that never was', { request_uri: 'urn:ietf:params:oauth:request_uri:x' }],
  ])('%s: 400, no redirect', async (_how, changes) => {
    const { server } = stage()
    const answer = await visit(server.authorize, { ...asks, ...changes })
    expect([answer.status, answer.to]).toEqual([400, undefined])
    expect(answer.headers['WWW-Authenticate']).toBeUndefined()
    expect([...server.kept.keys()]).toEqual([])
  })

  test.each(['client_id=crd_other', 'redirect_uri=https%3A%2F%2Fevil.example', 'state=x', 'scope=a'])(
    'when %s comes a second time',
    async (more) => {
      const answer = await visit(stage().server.authorize, `${new URLSearchParams(asks)}&${more}`)
      expect([answer.status, answer.to, answer.json.error]).toEqual([400, undefined, 'invalid_request'])
    },
  )

  test('by a flood from one network beyond what people do', async () => {
    const { server } = stage()
    for (let i = 0; i < 600; i++) await visit(server.authorize, asks)
    expect(await visit(server.authorize, asks)).toMatchObject({ status: 429, to: undefined })
    expect(await visit(server.authorize, asks, { ip: '198.51.100.1' })).toMatchObject({ status: 303 })
  })
})

describe('a wrong request goes back to the client', () => {
  test.each([
    ['of another response type', { response_type: 'token' }, 'unsupported_response_type'],
    ['of two response types', { response_type: 'code id_token' }, 'unsupported_response_type'],
    ['of no response type', { response_type: '' }, 'invalid_request'],
    ['without PKCE', { code_challenge: '' }, 'invalid_request'],
    ['with the plain method', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['with the method left out, which means plain', { code_challenge_method: '' }, 'invalid_request'],
    ['with a challenge that is no hash', { code_challenge: 'x' }, 'invalid_request'],
    ['with a challenge that is too long', { code_challenge: 'x'.repeat(44) }, 'invalid_request'],
    ['with an unknown scope', { scope: 'payments:read admin' }, 'invalid_scope'],
    ['with a resource of others', { resource: 'https://evil.example' }, 'invalid_target'],
    [
      'with details that it may not ask for',
      { authorization_details: '[{"type":"x"}]' },
      'invalid_authorization_details',
    ],
    ['with an answer in the fragment', { response_mode: 'fragment' }, 'invalid_request'],
    ['with prompts that exclude each other', { prompt: 'none login' }, 'invalid_request'],
    ['with a max_age that is none', { max_age: '-1' }, 'invalid_request'],
    ['with a key that is no thumbprint', { dpop_jkt: 'x' }, 'invalid_request'],
  ])('%s', async (_what, changes, error) => {
    const { server } = stage()
    const { status, to } = await visit(server.authorize, { ...asks, ...changes })
    expect([status, to!.origin + to!.pathname]).toEqual([303, 'https://shop.example/back'])
    expect(Object.fromEntries(to!.searchParams)).toMatchObject({ error, state: 'state-1', iss: issuer })
    expect(to!.searchParams.has('code')).toBe(false)
    expect([...server.kept.keys()]).toEqual([])
  })

  test('of a client that may not ask for codes', async () => {
    const { server } = stage({ settings: { grants: ['client_credentials'] } })
    expect((await visit(server.authorize, asks)).to!.searchParams.get('error')).toBe('unauthorized_client')
  })

  /** The library loses error and state on an address that has a query. */
  test('also to an address with a query, which is kept', async () => {
    const redirect_uri = 'https://shop.example/back?tab=1'
    const { server } = stage({ settings: { redirectUris: [redirect_uri] } })
    const { headers } = await visit(server.authorize, { ...asks, redirect_uri, scope: 'admin' })
    expect(headers.Location).toMatch(
      /^https:\/\/shop\.example\/back\?tab=1&error=invalid_scope&.*state=state-1/,
    )
  })

  /** The library takes allowed=false, from whoever writes the link, for the person's decision. */
  test.each(['allowed=false', 'allowed=true', 'user=x'])('and %s decides nothing', async (more) => {
    const { to } = await visit(stage().server.authorize, `${new URLSearchParams(asks)}&${more}`)
    expect(to!.pathname).toMatch(/^\/oauth2\/interaction\//)
  })
})

describe('a native application', () => {
  const at = (redirect_uri: string, own: string) => {
    const { server } = stage({ settings: { redirectUris: [own] } })
    return visit(server.authorize, { ...asks, redirect_uri })
  }

  test.each([
    ['http://127.0.0.1:51004/back', 'http://127.0.0.1/back'],
    ['http://127.0.0.1:51004/back', 'http://127.0.0.1:3000/back'],
    ['http://[::1]:51004/', 'http://[::1]/'],
    ['http://127.0.0.1/back', 'http://127.0.0.1/back'],
    ['com.example.shop:/back', 'com.example.shop:/back'],
  ])('may come back to %s where %s is registered', async (asked, own) => {
    expect(await at(asked, own)).toMatchObject({ status: 303 })
  })

  test.each([
    ['http://127.0.0.1:51004/other', 'http://127.0.0.1/back'],
    ['http://127.0.0.1:99999/back', 'http://127.0.0.1/back'],
    ['http://127.0.0.1:51004@evil.example/back', 'http://127.0.0.1/back'],
    ['http://127.0.0.1.evil.example/back', 'http://127.0.0.1/back'],
    ['http://[::1]:51004/', 'http://127.0.0.1/'],
    ['https://127.0.0.1:51004/back', 'http://127.0.0.1/back'],
    ['https://shop.example:51004/back', 'https://shop.example/back'],
  ])('may not come back to %s where %s is registered', async (asked, own) => {
    expect(await at(asked, own)).toMatchObject({ status: 400, to: undefined })
  })
})
