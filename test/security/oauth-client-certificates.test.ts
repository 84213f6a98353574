import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { ClientSettings } from '../../registry/oauth-model.ts'
import { createAuthority } from '../support/certificates.ts'
import { shownCertificate } from '../support/client-certificate.ts'
import { authorizationServer, basic, client, post, wantsToken } from '../support/oauth.ts'

// A certificate proves a client only by what an authority of ours wrote into it, or by being the very one it registered.

const authority = createAuthority('Authority of the partners')
const shop = authority.client('shop')
const other = authority.client('other')
const host = authority.server(['shop.example', '192.0.2.1'])
const own = createAuthority('shop') // self-signed, and says that it is the shop

const certificateIn = ({ cert }: { cert: string }, isIssued = true) => shownCertificate(cert, isIssued)

async function answer(
  settings: object,
  clientCertificate?: ReturnType<typeof certificateIn>,
  form: object = {},
) {
  const shopClient = client({ settings: ClientSettings.parse(settings) })
  const server = authorizationServer(undefined, {
    findClient: async (id) => (id === shopClient.id ? shopClient : undefined),
    findClientBySecret: async (id, secret) =>
      id === shopClient.id && secret === 'kept' ? shopClient : undefined,
  })
  const { status, json } = await post(
    server.token,
    { ...wantsToken, client_id: shopClient.id, ...form },
    { clientCertificate },
  )
  return status === 200 ? 'token' : json.error
}

const byName = (certificateName: object) => ({ authentication: 'tls_client_auth', certificateName })

describe('a certificate of an authority', () => {
  test.each([
    ['its name', { subjectDn: 'CN=shop' }, shop],
    ['a host name', { sanDns: 'SHOP.example' }, host],
    ['an address', { sanIp: '192.0.2.1' }, host],
  ])('proves a client by %s', async (_what, name, certificate) => {
    expect(await answer(byName(name), certificateIn(certificate))).toBe('token')
  })

  test.each([
    ['another name', { subjectDn: 'CN=shop' }, other],
    ['a part of the name', { subjectDn: 'CN=sho' }, shop],
    ['another host name', { sanDns: 'op.example' }, host],
    ['another address', { sanIp: '192.0.2.11' }, host],
    ['an address of mail', { sanEmail: 'shop@shop.example' }, host],
    ['a URI', { sanUri: 'https://shop.example' }, host],
    ['a name that is none', { subjectDn: 'shop' }, shop],
  ])('does not prove it by %s', async (_what, name, certificate) => {
    expect(await answer(byName(name), certificateIn(certificate))).toBe('invalid_client')
  })

  test('does not prove a client when no authority of ours issued it', async () => {
    expect(new X509Certificate(own.cert).subject).toBe('CN=shop')
    expect(await answer(byName({ subjectDn: 'CN=shop' }), certificateIn(own, false))).toBe('invalid_client')
    expect(await answer(byName({ subjectDn: 'CN=shop' }))).toBe('invalid_client')
  })

  test('does not prove a client that is registered for something else', async () => {
    const certificate = certificateIn(shop)
    const jwks = { keys: [{ kty: 'EC' }] }
    for (const settings of [
      {},
      { authentication: 'private_key_jwt', jwks },
      { authentication: 'none', grants: ['authorization_code'] },
    ])
      expect(await answer(settings, certificate)).toBe('invalid_client')
  })
})

describe('a certificate that a client made itself', () => {
  const registered = (more: object) => ({ authentication: 'self_signed_tls_client_auth', ...more })
  const { thumbprint } = certificateIn(own)
  const x5c = [own.cert.replaceAll(/-----[^-]+-----|\n/g, '')]

  test.each([
    ['its thumbprint', { certificateThumbprints: [thumbprint] }],
    ['the thumbprint at a key', { jwks: { keys: [{ kty: 'EC', 'x5t#S256': thumbprint }] } }],
    ['the certificate at a key', { jwks: { keys: [{ kty: 'EC', x5c }] } }],
  ])('proves it by %s', async (_what, more) => {
    expect(await answer(registered(more), certificateIn(own, false))).toBe('token')
  })

  test('does not prove it by its name', async () => {
    const settings = registered({ certificateThumbprints: [thumbprint] })
    expect(await answer(settings, certificateIn(createAuthority('shop'), false))).toBe('invalid_client')
    expect(await answer(settings, certificateIn(shop))).toBe('invalid_client')
    expect(await answer(settings)).toBe('invalid_client')
  })
})

test('a secret that is kept from before proves no client that is registered for certificates', async () => {
  const settings = byName({ subjectDn: 'CN=shop' })
  expect(await answer(settings, undefined, { client_secret: 'kept' })).toBe('invalid_client')
  expect(await answer({}, undefined, { client_secret: 'kept' })).toBe('token')
})

test('a public client gets nothing for its name alone, by any endpoint that lets somebody in', async () => {
  const publicClient = client({
    settings: ClientSettings.parse({
      authentication: 'none',
      grants: ['authorization_code'],
      redirectUris: ['https://shop.example/cb'],
    }),
  })
  const server = authorizationServer(undefined, { findClient: async () => publicClient })
  const form = { client_id: publicClient.id, token: 'token-1' }
  expect(await post(server.token, { ...wantsToken, ...form })).toMatchObject({
    json: { error: 'invalid_client' },
  })
  expect(await post(server.introspect, form)).toMatchObject({ json: { error: 'invalid_client' } })
  expect(await post(server.revoke, form)).toMatchObject({ status: 200 })
  expect(await post(server.token, wantsToken, { headers: basic(`${publicClient.id}:x`) })).toMatchObject({
    json: { error: 'invalid_client' },
  })
})
