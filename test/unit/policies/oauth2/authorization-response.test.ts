import { describe, expect, test } from '@jest/globals'
import { allowed, denied } from '../../../../policies/oauth2/authorization-response.ts'
import { redeemCode } from '../../../../policies/oauth2/codes.ts'
import type { AuthorizationServerDeps } from '../../../../policies/oauth2/deps.ts'
import { authorizationRequest } from '../../../support/authorization-request.ts'
import { memoryFamilies, memoryOnce } from '../../../support/oauth-store.ts'

const person = { subject: 'person-1', authenticatedAt: 900_000 }
const scopes = ['payments:read', 'payments:write']

function stage() {
  const signed: unknown[] = []
  const now = () => 1_000_000
  const deps: Partial<AuthorizationServerDeps> = {
    issuer: 'https://api.bank.example',
    now,
    once: memoryOnce(now).once,
    families: memoryFamilies(now).families,
    signJwt: async (claims) => {
      signed.push(claims)
      return 'signed.jwt.here'
    },
  }
  return { deps: deps as AuthorizationServerDeps, signed }
}
const sentTo = (answer: { headers: Readonly<Record<string, string>> }) => new URL(answer.headers.Location!)

describe('allowed', () => {
  test('answers 303 with code, state and iss, and the code holds what was allowed', async () => {
    const { deps } = stage()
    const answer = await allowed(deps, authorizationRequest(), person, { scopes })
    expect(answer).toMatchObject({ status: 303, headers: { 'Cache-Control': 'no-store' } })
    const to = sentTo(answer)
    expect(to.origin + to.pathname).toBe('https://shop.example/back')
    const { code, ...others } = Object.fromEntries(to.searchParams)
    expect(others).toEqual({ state: 'state-1', iss: 'https://api.bank.example' })
    expect(await redeemCode(deps, code!)).toMatchObject({ ...person, scopes, clientId: 'crd_shop' })
  })

  test('gives no scope that was not asked for, and none that was not allowed', async () => {
    const { deps } = stage()
    const request = authorizationRequest({ scopes: ['payments:read', 'accounts:read'] })
    const answer = await allowed(deps, request, person, { scopes })
    const code = sentTo(answer).searchParams.get('code')!
    expect(await redeemCode(deps, code)).toMatchObject({ scopes: ['payments:read'] })
  })

  test('a pushed request is used once, also by 50 decisions at the same time', async () => {
    const { deps } = stage()
    const request = authorizationRequest({ pushedId: 'one' })
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => allowed(deps, request, person, { scopes })),
    )
    const sent = answers.map((answer) => sentTo(answer).searchParams)
    expect(sent.filter((params) => params.has('code'))).toHaveLength(1)
    expect(sent.filter((params) => params.get('error') === 'invalid_request_uri')).toHaveLength(49)
  })

  test('as a JWT: all is inside, for this client and for a time, and nothing beside it (JARM)', async () => {
    const { deps, signed } = stage()
    const answer = await allowed(deps, authorizationRequest({ responseMode: 'jwt' }), person, { scopes })
    expect(answer.headers.Location).toBe('https://shop.example/back?response=signed.jwt.here')
    expect(signed).toEqual([
      {
        code: expect.stringMatching(/^[\w-]{43}$/),
        state: 'state-1',
        iss: 'https://api.bank.example',
        aud: 'crd_shop',
        exp: 1_600,
      },
    ])
  })
})

describe('denied', () => {
  /** The library loses what it adds to an address that has a query. */
  test.each([
    ['https://shop.example/back', 'https://shop.example/back?error='],
    ['https://shop.example/back?tab=1', 'https://shop.example/back?tab=1&error='],
    ['https://shop.example/back?', 'https://shop.example/back?error='],
    ['https://shop.example?a=%20b&', 'https://shop.example?a=%20b&error='],
    ['com.example.shop:/back', 'com.example.shop:/back?error='],
  ])('goes back to %s with error, state and iss', async (redirectUri, start) => {
    const request = authorizationRequest({ redirectUri })
    const answer = await denied(stage().deps, request, 'access_denied', 'The person said no')
    expect(answer.status).toBe(303)
    expect(answer.headers.Location).toBe(
      `${start}access_denied&error_description=The+person+said+no&state=state-1&iss=https%3A%2F%2Fapi.bank.example`,
    )
  })

  test('sends no state where there was none', async () => {
    const answer = await denied(
      stage().deps,
      authorizationRequest({ state: null }),
      'access_denied',
      'The person said no',
    )
    expect(sentTo(answer).searchParams.has('state')).toBe(false)
  })
})
