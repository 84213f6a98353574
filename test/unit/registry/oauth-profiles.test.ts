import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { ClientSettings } from '../../../registry/oauth-model.ts'
import { faultsOfSettings } from '../../../registry/oauth-profiles.ts'

const ec = (namedCurve = 'P-256') =>
  generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' }) as object
const rsa = (modulusLength: number, publicExponent = 65_537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey.export({ format: 'jwk' }) as object
const ed25519 = () => generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }) as object
const key = ec()

const faults = (settings: object) =>
  faultsOfSettings(ClientSettings.parse(settings)).map(({ pointer }) => pointer)

const fapi = {
  profile: 'fapi2',
  authentication: 'private_key_jwt',
  jwks: { keys: [key] },
  senderConstraint: 'dpop',
}

describe('settings of an OAuth client', () => {
  it('are well by default', () => {
    expect(faults({})).toEqual([])
  })

  it.each([
    ['private_key_jwt without keys', { authentication: 'private_key_jwt' }, '/jwks'],
    ['tls_client_auth without a name', { authentication: 'tls_client_auth' }, '/certificateName'],
    [
      'self_signed_tls_client_auth without a certificate',
      { authentication: 'self_signed_tls_client_auth' },
      '/certificateThumbprints',
    ],
    ['two places of keys', { jwks: { keys: [key] }, jwksUri: 'https://shop.example/jwks' }, '/jwksUri'],
    ['a code without a way back', { grants: ['authorization_code'] }, '/redirectUris'],
    ['a refresh token that nothing gives', { grants: ['client_credentials', 'refresh_token'] }, '/grants'],
    ['a public client that asks for itself', { authentication: 'none' }, '/grants'],
    [
      'a public client that exchanges tokens',
      { authentication: 'none', grants: ['urn:ietf:params:oauth:grant-type:token-exchange'] },
      '/grants',
    ],
    [
      'two keys of one kid',
      {
        jwks: {
          keys: [
            { ...key, kid: 'a' },
            { ...ed25519(), kid: 'a' },
          ],
        },
      },
      '/jwks/keys/1/kid',
    ],
    [
      'a key that lies elsewhere',
      { jwks: { keys: [{ ...key, x5u: 'https://shop.example/c' }] } },
      '/jwks/keys/0/x5u',
    ],
    ['a short RSA key', { jwks: { keys: [rsa(1024)] } }, '/jwks/keys/0'],
    ['an RSA key with exponent 1', { jwks: { keys: [{ ...rsa(2048), e: 'AQ' }] } }, '/jwks/keys/0'],
    ['another curve', { jwks: { keys: [ec('P-384')] } }, '/jwks/keys/0'],
    ['a point that is not on the curve', { jwks: { keys: [{ ...key, y: 'A'.repeat(43) }] } }, '/jwks/keys/0'],
    ['half a key', { jwks: { keys: [{ kty: 'RSA', n: 'AQAB' }] } }, '/jwks/keys/0'],
    ['a key for RS256', { jwks: { keys: [{ ...rsa(2048), alg: 'RS256' }] } }, '/jwks/keys/0'],
    ['a member that is no text', { jwks: { keys: [{ ...key, x: 5 }] } }, '/jwks/keys/0'],
  ])('do not take %s', (_what, settings, pointer) => {
    expect(faults(settings)).toEqual([pointer])
  })

  it('take each kind of key, and leave alone those for encryption', () => {
    const keys = [key, rsa(2048), { ...ed25519(), alg: 'EdDSA' }, { ...ec('P-384'), use: 'enc' }]
    expect(faults({ jwks: { keys } })).toEqual([])
  })
})

describe('the profile fapi2', () => {
  it.each([
    ['private_key_jwt with DPoP', {}],
    ['bound to certificates', { senderConstraint: 'certificate' }],
    [
      'mutual TLS',
      { authentication: 'tls_client_auth', certificateName: { subjectDn: 'CN=shop' }, jwks: null },
    ],
    [
      'the code grant',
      {
        grants: ['authorization_code', 'refresh_token'],
        redirectUris: ['https://shop.example/cb', 'http://127.0.0.1:8/cb'],
      },
    ],
  ])('takes %s', (_what, more) => {
    expect(faults({ ...fapi, ...more })).toEqual([])
  })

  it.each([
    ['secrets', { authentication: 'client_secret' }, '/authentication'],
    [
      'public clients',
      { authentication: 'none', grants: ['authorization_code'], redirectUris: ['https://a.example/'] },
      '/authentication',
    ],
    ['tokens that anybody can use', { senderConstraint: 'none' }, '/senderConstraint'],
    ['a scheme of an application', { redirectUris: ['com.example.shop:/cb'] }, '/redirectUris/0'],
  ])('refuses %s', (_what, more, pointer) => {
    expect(faults({ ...fapi, ...more })).toEqual([pointer])
  })

  it('with message signing needs keys for the requests, too', () => {
    const byCertificate = {
      ...fapi,
      profile: 'fapi2-message-signing',
      authentication: 'tls_client_auth',
      certificateName: { sanDns: 'shop.example' },
    }
    expect(faults(byCertificate)).toEqual([])
    expect(faults({ ...byCertificate, jwks: null })).toEqual(['/jwks'])
  })
})
