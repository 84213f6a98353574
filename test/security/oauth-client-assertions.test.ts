import { createHmac, randomUUID } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { ClientSettings } from '../../registry/oauth-model.ts'
import { authorizationServer, client, issuer, post, wantsToken } from '../support/oauth.ts'

// private_key_jwt (RFC 7523): what a client signs must be by its own key, for us, for now, and once.

type Keys = { privateKey: CryptoKey; jwk: JWK }
async function newKeys(alg = 'ES256', kid?: string): Promise<Keys> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), ...(kid !== undefined && { kid }) } }
}

let keys: Keys
let others: Keys
beforeAll(async () => {
  keys = await newKeys('ES256', 'k1')
  others = await newKeys('ES256', 'k1')
})

const start = 1_700_000_000
let now: number
let server: ReturnType<typeof authorizationServer>
let settings: Record<string, unknown>
beforeEach(() => {
  now = start * 1000
  settings = { authentication: 'private_key_jwt', jwks: { keys: [keys.jwk] } }
  server = serverOf()
})

function serverOf(more: object = {}) {
  const clients = () => ({
    crd_shop: client({ settings: ClientSettings.parse(settings) }),
    crd_other: client({
      id: 'crd_other',
      settings: ClientSettings.parse({ ...settings, jwks: { keys: [others.jwk] } }),
    }),
  })
  return authorizationServer(undefined, {
    now: () => now,
    findClient: async (id) => (clients() as Record<string, ReturnType<typeof client>>)[id],
    ...more,
  })
}

const claims = (more: object = {}) => ({
  iss: 'crd_shop',
  sub: 'crd_shop',
  aud: issuer,
  jti: randomUUID(),
  iat: start,
  exp: start + 60,
  ...more,
})
const signed = (wrong: object = {}, header: object = {}, by = keys.privateKey, alg = 'ES256') =>
  new SignJWT(claims(wrong)).setProtectedHeader({ alg, kid: 'k1', ...header }).sign(by)

const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
async function send(assertion: string, more: Record<string, string> = {}, at = server) {
  const form = { ...wantsToken, client_assertion_type: type, client_assertion: assertion, ...more }
  const { status, json } = await post(at.token, form)
  return status === 200 ? 'token' : json.error
}

describe('an assertion', () => {
  test.each(['ES256', 'PS256', 'EdDSA', 'Ed25519'])('under %s proves its client', async (alg) => {
    const own = await newKeys(alg)
    settings = { ...settings, jwks: { keys: [own.jwk] } }
    expect(await send(await signed({}, { kid: undefined }, own.privateKey, alg))).toBe('token')
  })

  test.each([
    ['by a key of somebody else under the same kid', {}, {}],
    ['of another issuer', { iss: 'crd_other' }, undefined],
    ['of another client', { iss: 'crd_other', sub: 'crd_other' }, undefined],
    ['for nobody', { aud: undefined }, undefined],
    ['for another server', { aud: 'https://evil.example' }, undefined],
    ['for another server and us', { aud: [issuer, 'https://evil.example'] }, undefined],
    ['for an empty list', { aud: [] }, undefined],
    ['for an address that begins as ours', { aud: `${issuer}/` }, undefined],
    ['without an end', { exp: undefined }, undefined],
    ['that has ended', { exp: start - 1 }, undefined],
    ['that is good for ten minutes', { exp: start + 600 }, undefined],
    ['that was good for an hour', { iat: start - 3_500, exp: start + 30 }, undefined],
    ['of the time to come', { iat: start + 61, exp: start + 120 }, undefined],
    ['that is not good yet', { nbf: start + 61 }, undefined],
    ['whose end is text', { exp: String(start + 60) }, undefined],
    ['without a name', { jti: undefined }, undefined],
    ['with an empty name', { jti: '' }, undefined],
  ])('%s proves nothing', async (_what, wrong, foreign) => {
    const assertion = await signed(wrong, {}, foreign === undefined ? keys.privateKey : others.privateKey)
    expect(await send(assertion)).toBe('invalid_client')
  })

  test.each([
    ['another kid', { kid: 'k2' }],
    ['the type of a DPoP proof', { typ: 'dpop+jwt' }],
    ['the type of an access token', { typ: 'at+jwt' }],
  ])('under a header with %s proves nothing', async (_what, header) => {
    expect(await send(await signed({}, header))).toBe('invalid_client')
  })

  test('is not its own judge: neither none, nor a public key as a secret, nor a key in the header', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const none = `${part({ alg: 'none' })}.${part(claims())}.`
    expect(await send(none)).toBe('invalid_client')
    expect(await send(`${none}AA`)).toBe('invalid_client')
    const hs256 = `${part({ alg: 'HS256', kid: 'k1' })}.${part(claims())}`
    for (const secret of [JSON.stringify(keys.jwk), String(keys.jwk.x)])
      expect(await send(`${hs256}.${createHmac('sha256', secret).update(hs256).digest('base64url')}`)).toBe(
        'invalid_client',
      )
    const embedded = await signed(
      {},
      { jwk: others.jwk, jku: 'https://evil.example/jwks' },
      others.privateKey,
    )
    expect(await send(embedded)).toBe('invalid_client')
  })

  test('is taken a little ahead of our clock', async () => {
    expect(await send(await signed({ iat: start + 10, nbf: start + 10 }))).toBe('token')
  })

  test('is taken once, of fifteen tries at the same time', async () => {
    const assertion = await signed()
    const all = await Promise.all(
      Array.from({ length: 15 }, () => send(assertion)), // fewer than the failures that are let pass
    )
    expect(all.filter((one) => one === 'token')).toHaveLength(1)
  })

  test('of a client does not use up the name that another client gave', async () => {
    const jti = 'same'
    const foreign = await signed({ jti, iss: 'crd_other', sub: 'crd_other' }, {}, others.privateKey)
    expect(await send(foreign)).toBe('token')
    expect(await send(await signed({ jti }, {}, others.privateKey))).toBe('invalid_client') // made up for the shop
    expect(await send(await signed({ jti }))).toBe('token')
  })

  test('is for the issuer, or for the endpoint where the profile lets it', async () => {
    const tokenEndpoint = `${issuer}/oauth2/token`
    expect(await send(await signed({ aud: tokenEndpoint }))).toBe('token')
    expect(await send(await signed({ aud: [issuer, tokenEndpoint] }))).toBe('token')
    settings = { ...settings, profile: 'fapi2', senderConstraint: 'dpop' }
    for (const aud of [tokenEndpoint, [issuer], [issuer, tokenEndpoint]])
      expect(await send(await signed({ aud }))).toBe('invalid_client')
    expect(await send(await signed({ aud: issuer }))).not.toBe('invalid_client')
  })

  test('does not help a client that is registered for a secret', async () => {
    settings = { jwks: { keys: [keys.jwk] } }
    expect(await send(await signed())).toBe('invalid_client')
  })

  test('and nothing else: a secret or a header beside it is refused', async () => {
    expect(await send(await signed(), { client_secret: 'shop-secret' })).toBe('invalid_request')
    expect(await send(await signed(), { client_id: 'crd_other' })).toBe('invalid_request')
    expect(await send(await signed(), { client_id: 'crd_shop' })).toBe('token')
    expect(await send(await signed(), { client_assertion_type: 'urn:other' })).toBe('invalid_request')
  })

  test('that is wrong is answered as an unknown client is, and counted', async () => {
    const form = async (assertion: string) =>
      post(server.token, { ...wantsToken, client_assertion_type: type, client_assertion: assertion })
    const unknown = await form(await signed({ iss: 'crd_none', sub: 'crd_none' }))
    const wrong = await form(await signed({}, {}, others.privateKey))
    expect(wrong).toEqual(unknown)
    for (let i = 0; i < 20; i++) await send(await signed({}, {}, others.privateKey))
    expect(await send(await signed())).toBe('slow_down')
  })

  test('that is wrong is told to us with the reason, and with nothing of it', async () => {
    const good = await signed()
    for (const one of [await signed({ aud: 'https://evil.example' }), await signed({ exp: start - 1 })])
      await send(one)
    await send(await signed({}, {}, others.privateKey))
    for (const _twice of [1, 2]) await send(good)
    await send(await signed({ iss: 'crd_none', sub: 'crd_none' }))
    expect(server.refusals).toEqual([
      'crd_shop: client assertion: aud is not this server',
      'crd_shop: client assertion: exp, iat or nbf: it is not good now, or for too long',
      'crd_shop: client assertion: it is not signed with a key of the client',
      'crd_shop: client assertion: it was used before',
    ])
  })
})

describe('keys of a client that lie elsewhere', () => {
  test('are asked for by kid, and prove it', async () => {
    settings = { authentication: 'private_key_jwt', jwksUri: 'https://shop.example/jwks' }
    const asked: unknown[] = []
    const fetchJwks = async (...question: unknown[]) => {
      asked.push(question)
      return [keys.jwk as object]
    }
    expect(await send(await signed(), {}, serverOf({ fetchJwks }))).toBe('token')
    expect(asked).toEqual([['https://shop.example/jwks', 'k1']])
  })

  test('that cannot be had prove nobody; we hear of it, the caller does not', async () => {
    settings = { authentication: 'private_key_jwt', jwksUri: 'https://shop.example/jwks' }
    expect(await send(await signed())).toBe('invalid_client')
    expect(server.reports).toHaveLength(1)
  })

  test('prove nothing when they are weak, private or symmetric', async () => {
    settings = { authentication: 'private_key_jwt', jwksUri: 'https://shop.example/jwks' }
    const k = Buffer.from('secret').toString('base64url')
    const bad = [
      { ...keys.jwk, d: 'AAAA' },
      { kty: 'oct', k, kid: 'k1', alg: 'HS256' },
      { ...keys.jwk, use: 'enc' },
    ]
    for (const jwk of bad)
      expect(await send(await signed(), {}, serverOf({ fetchJwks: async () => [jwk] }))).toBe(
        'invalid_client',
      )
  })
})
