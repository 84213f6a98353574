import { describe, expect, test } from '@jest/globals'
import { accessTokenClaims, audienceOf, type Resources } from '../../../../policies/oauth2/index.ts'
import { TokenGrant } from '../../../../registry/model.ts'

const signed = { format: 'jwt', resources: ['https://a.example/pay'] } as const
const opaque = { format: 'opaque', resources: ['https://a.example/old'] } as const
const resources: Resources = {
  hasSigned: true,
  at: (resource) => [signed, opaque].filter((one) => one.resources[0] === resource),
  ofVersion: (id) => ({ ver_pay: signed, ver_old: opaque })[id],
}
const audience = (named: string[], subscribed: string[] = []) =>
  audienceOf({ resources: named }, resources, async () => subscribed)

describe('the form of an access token', () => {
  test('is signed when all that it was asked for wants it so', async () => {
    expect(await audience(['https://a.example/pay'])).toEqual(['https://a.example/pay'])
    expect(await audience(['https://a.example/pay', 'https://a.example/old'])).toBeUndefined()
    expect(await audience(['https://a.example/pay', 'https://other.example'])).toBeUndefined()
  })

  test('goes by the subscriptions where nothing was named', async () => {
    expect(await audience([], ['ver_pay'])).toEqual(['https://a.example/pay'])
    expect(await audience([], ['ver_pay', 'ver_withdrawn'])).toEqual(['https://a.example/pay'])
    expect(await audience([], ['ver_pay', 'ver_old'])).toBeUndefined()
    expect(await audience([])).toBeUndefined()
  })

  test('costs no question where no API wants signed ones', async () => {
    const asks = () => Promise.reject(new Error('asked'))
    expect(await audienceOf({ resources: [] }, { ...resources, hasSigned: false }, asks)).toBeUndefined()
  })
})

const grant = {
  credentialId: 'cred_1',
  applicationId: 'app_1',
  partnerId: 'par_1',
  environment: 'live',
  scopes: [],
  issuedAt: 1_999,
  expiresAt: 61_999,
} as const
const about = { issuer: 'https://as.example', audience: ['https://a.example'], jti: 'j1' }

describe('the claims of a signed access token (RFC 9068 §2.2)', () => {
  test('are the least of a grant that says no more', () => {
    expect(accessTokenClaims(TokenGrant.parse(grant), about)).toEqual({
      iss: 'https://as.example',
      aud: 'https://a.example',
      sub: 'app_1',
      client_id: 'cred_1',
      iat: 1,
      exp: 61,
      jti: 'j1',
    })
  })

  test('tell of scopes, person, key, payment and actor where there are such', () => {
    const payment = {
      type: 'payment_initiation',
      instructedAmount: { currency: 'EUR', amount: '1.00' },
      creditorName: 'Shop',
      creditorAccount: { iban: 'DE02120300000000202051' },
    } as const
    const whole = TokenGrant.parse({
      ...grant,
      scopes: ['a', 'b'],
      subject: 'ada',
      authenticatedAt: 5_000,
      confirmation: { jkt: 'k' },
      authorizationDetails: [payment],
      actor: { sub: 'app_2' },
    })
    expect(accessTokenClaims(whole, { ...about, audience: ['x', 'y'] })).toMatchObject({
      aud: ['x', 'y'],
      sub: 'ada',
      scope: 'a b',
      auth_time: 5,
      cnf: { jkt: 'k' },
      authorization_details: [payment],
      act: { sub: 'app_2' },
    })
  })
})
