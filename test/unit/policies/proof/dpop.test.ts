import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { beforeEach, describe, expect, test } from '@jest/globals'
import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import type { DpopVerifier, Expected, Proof } from '../../../../policies/proof/dpop.ts'
import { dpopVerifier, jwt, newDpopKey } from '../../../support/dpop.ts'

const request = { method: 'POST', url: 'https://api.bank.example/payments/v1/payment' }
const key = newDpopKey()
const bad = (description: string) => ({
  error: 'invalid_dpop_proof',
  description: expect.stringContaining(description),
})

let now: number
let verifier: DpopVerifier
beforeEach(() => {
  now = 1_700_000_000_000
  verifier = dpopVerifier(() => now)
})

const verify = (proof: string | string[], more: Partial<Expected> = {}) => {
  const headers = [proof].flat().flatMap((one) => ['DPoP', one])
  return verifier.verify(['Host', 'x', ...headers], { ...request, isNonceRequired: false, ...more })
}
const proof = (wrong?: Parameters<typeof key.proof>[1], more: object = {}) =>
  key.proof({ ...request, now, ...more }, wrong)

describe('a DPoP proof', () => {
  test('tells the key that made it, a name of its own, and how long it must be known', () => {
    const found = verify(proof({ claims: { jti: 'one' } })) as Proof
    expect(found).toEqual({ jkt: key.jkt, id: `${key.jkt} one`, knownUntil: now + 70_000 })
  })

  test.each(['ES256', 'PS256', 'EdDSA', 'Ed25519'])(
    'is taken when a real client makes it with %s',
    async (alg) => {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
      const jwk = await exportJWK(publicKey)
      const claims = { jti: 'j', htm: 'POST', htu: request.url, iat: now / 1000 }
      const made = await new CompactSign(Buffer.from(JSON.stringify(claims)))
        .setProtectedHeader({ typ: 'dpop+jwt', alg, jwk })
        .sign(privateKey)
      expect(verify(made)).toMatchObject({ jkt: await calculateJwkThumbprint(jwk) })
      expect(verify(made)).toMatchObject({ jkt: await calculateJwkThumbprint(jwk) }) // its header is known now
    },
  )

  test.each([
    'https://API.bank.example/payments/v1/payment',
    'https://api.bank.example:443/payments/v1/payment',
    'https://api.bank.example/payments/v1/payment?a=b#c',
    'https://api.bank.example/p%61yments/v1/payment',
  ])('may spell the address as %s', (htu) => {
    expect(verify(proof({ claims: { htu } }))).toMatchObject({ jkt: key.jkt })
  })

  test.each([
    'https://api.bank.example/payments/v1/payment/',
    'https://api.bank.example/payments/v1/PAYMENT',
    'https://api.bank.example/payments%2Fv1/payment',
    'http://api.bank.example/payments/v1/payment',
    'https://api.bank.example:8443/payments/v1/payment',
    'https://evil.example/payments/v1/payment',
    'https://api.bank.example@evil.example/payments/v1/payment',
    'https://user@api.bank.example/payments/v1/payment',
    '/payments/v1/payment',
    '',
    5,
  ])('is refused for the address %s', (htu) => {
    expect(verify(proof({ claims: { htu } }))).toEqual(bad('htu'))
  })

  test.each([
    ['another method', { htm: 'GET' }, 'htm'],
    ['the method in lower case', { htm: 'post' }, 'htm'],
    ['no name', { jti: undefined }, 'jti'],
    ['an empty name', { jti: '' }, 'jti'],
    ['no time', { iat: undefined }, 'iat'],
    ['a time that is text', { iat: '1700000000' }, 'iat'],
    ['an expiry that has passed', { exp: 1_699_999_999 }, 'expired'],
    ['a beginning to come', { nbf: 1_700_000_061 }, 'not good yet'],
  ])('is refused with %s', (_what, claims, why) => {
    expect(verify(proof({ claims }))).toEqual(bad(why))
  })

  test('is good for a minute, and a little ahead of our clock', () => {
    const at = (ms: number) => verify(proof({ claims: { iat: (now + ms) / 1000 } }))
    for (const ms of [-60_000, 0, 10_000, 30_000]) expect(at(ms)).toMatchObject({ jkt: key.jkt })
    expect(at(-61_000)).toEqual(bad('too old'))
    expect(at(61_000)).toEqual(bad('future'))
  })

  test('must be of the access token that it comes with', () => {
    const accessToken = 'token-1'
    expect(verify(proof({}, { accessToken }), { accessToken })).toMatchObject({ jkt: key.jkt })
    expect(verify(proof({}, { accessToken: 'token-2' }), { accessToken })).toEqual(bad('ath'))
    expect(verify(proof(), { accessToken })).toEqual(bad('ath'))
  })

  test('must be by the key that the token is bound to', () => {
    expect(verify(proof(), { jkt: key.jkt })).toMatchObject({ jkt: key.jkt })
    expect(verify(proof(), { jkt: newDpopKey().jkt })).toEqual(bad('another key'))
  })

  test('is one, and not two', () => {
    expect(verify([])).toEqual(bad('exactly one'))
    expect(verify([proof(), proof()])).toEqual(bad('exactly one'))
    expect(verify(`${proof()}, ${proof()}`)).toEqual(bad('not a signed JWT'))
  })

  test('under a header that is known is checked as any other', () => {
    expect(verify(proof())).toMatchObject({ jkt: key.jkt })
    const [header, claims] = proof().split('.')
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const options = { key: other, dsaEncoding: 'ieee-p1363' } as const
    const signature = sign('sha256', Buffer.from(`${header}.${claims}`), options).toString('base64url')
    expect(verify(`${header}.${claims}.${signature}`)).toEqual(bad('signature'))
  })
})

describe('the header of a DPoP proof', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const privateJwk = pair.privateKey.export({ format: 'jwk' })
  const claims = () => ({ jti: 'j', htm: 'POST', htu: request.url, iat: now / 1000 })

  test.each([
    ['of another type', { typ: 'JWT' }, 'typ'],
    ['without a type', { typ: undefined }, 'typ'],
    ['with none', { alg: 'none' }, 'alg'],
    ['with a symmetric algorithm', { alg: 'HS256' }, 'alg'],
    ['with an algorithm of another key', { alg: 'PS256' }, 'alg'],
    ['with ES384', { alg: 'ES384' }, 'alg'],
    ['without a key', { jwk: undefined }, 'jwk'],
    ['with a private key', { jwk: privateJwk }, 'jwk'],
    ['with a symmetric key', { jwk: { kty: 'oct', k: 'c2VjcmV0' }, alg: 'HS256' }, 'jwk'],
    ['with a key that is text', { jwk: 'key' }, 'jwk'],
    ['with a key for encryption', { jwk: { ...key.jwk, use: 'enc' } }, 'jwk'],
    ['with a critical extension', { crit: ['b64'], b64: false }, 'not a signed JWT'],
  ])('is refused %s', (_what, header, why) => {
    expect(verify(proof({ header }))).toEqual(bad(why))
  })

  test('with a private key is refused though its public part is known', () => {
    const own = newDpopKey(pair)
    expect(verify(own.proof({ ...request, now }))).toMatchObject({ jkt: own.jkt })
    expect(verify(own.proof({ ...request, now }, { header: { jwk: privateJwk } }))).toEqual(bad('jwk'))
  })

  test('does not turn a public key into a secret', () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const signed = `${part({ typ: 'dpop+jwt', alg: 'HS256', jwk: key.jwk })}.${part(claims())}`
    const spki = pair.publicKey.export({ type: 'spki', format: 'pem' })
    const mac = createHmac('sha256', spki).update(signed).digest('base64url')
    expect(verify(`${signed}.${mac}`)).toEqual(bad('alg'))
  })

  test.each(['', 'a', 'a.b', 'a.b.', 'a.b.c.d', '{}.{}.c', 'bnVsbA.bnVsbA.c', `${'a'.repeat(20_000)}.b.c`])(
    'and the rest must be a JWT: %.20s',
    (text) => {
      expect(verify(text)).toEqual(bad('not a signed JWT'))
    },
  )

  test('does not lead to a signature in another form', () => {
    const signed = jwt({ typ: 'dpop+jwt', alg: 'ES256', jwk: key.jwk }, claims(), pair.privateKey).split('.')
    const der = sign('sha256', Buffer.from(`${signed[0]}.${signed[1]}`), pair.privateKey).toString(
      'base64url',
    )
    expect(verify(`${signed[0]}.${signed[1]}.${der}`)).toEqual(bad('signature'))
  })
})

describe('a nonce', () => {
  test('is asked for where it is required, and taken for two to four minutes', () => {
    const required = { isNonceRequired: true }
    expect(verify(proof(), required)).toMatchObject({ error: 'use_dpop_nonce' })
    const nonce = verifier.nonce()
    const withNonce = () => verify(proof({}, { nonce, now }), required)
    expect(withNonce()).toMatchObject({ jkt: key.jkt })
    now += 120_000
    expect(withNonce()).toMatchObject({ jkt: key.jkt })
    now += 130_000
    expect(withNonce()).toMatchObject({ error: 'use_dpop_nonce' })
  })

  test('that is given must be fresh, though none is required', () => {
    expect(verify(proof({}, { nonce: 'made-up' }))).toMatchObject({ error: 'use_dpop_nonce' })
    expect(verify(proof({ claims: { nonce: 5 } }))).toMatchObject({ error: 'use_dpop_nonce' })
    expect(verify(proof({}, { nonce: verifier.nonce() }))).toMatchObject({ jkt: key.jkt })
  })

  test('of one gateway is good at another, and not under another secret', () => {
    const nonce = dpopVerifier(() => now + 5_000).nonce()
    expect(verify(proof({}, { nonce }))).toMatchObject({ jkt: key.jkt })
    const foreign = dpopVerifier(() => now, Buffer.alloc(32, 8)).nonce()
    expect(verify(proof({}, { nonce: foreign }))).toMatchObject({ error: 'use_dpop_nonce' })
  })
})
