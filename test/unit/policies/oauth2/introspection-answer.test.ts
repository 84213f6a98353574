import { expect, test } from '@jest/globals'
import { problem } from '../../../../registry/base/problem.ts'
import { ClientSettings } from '../../../../registry/oauth-model.ts'
import { authorizationServer, client, post, shop } from '../../../support/oauth.ts'

test('a client of message signing gets its answers signed, whatever it asks for (FAPI 2.0 Message Signing)', async () => {
  const settings = ClientSettings.parse({ profile: 'fapi2-message-signing' })
  const signed: unknown[] = []
  const { introspect } = authorizationServer(undefined, {
    findClientBySecret: async () => client({ settings }),
    findClient: async () => client({ settings }),
    signJwt: async (claims, { typ }) => {
      signed.push({ typ, ...claims })
      return 'a.b.c'
    },
  })
  const answer = await introspect({
    method: 'POST',
    path: '/oauth2/introspect',
    query: '',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    rawHeaders: [],
    rawBody: new URLSearchParams({ ...shop, token: 'unknown' }).toString(),
    ip: '192.0.2.7',
    clientCertificate: undefined,
  })
  expect([answer.status, answer.body]).toEqual([200, 'a.b.c'])
  expect(answer.headers['Cache-Control']).toBe('no-store')
  expect(signed).toEqual([
    expect.objectContaining({
      typ: 'token-introspection+jwt',
      aud: 'crd_shop',
      token_introspection: { active: false },
    }),
  ])
})

test('without a signing key nothing is told in clear instead', async () => {
  const { introspect } = authorizationServer()
  const answer = await post(
    introspect,
    { ...shop, token: 'unknown' },
    {
      headers: { accept: 'application/token-introspection+jwt' },
    },
  )
  expect([answer.status, answer.json.error]).toEqual([500, 'server_error'])
})

test('without a signing key yet the caller is told to try again', async () => {
  const signJwt = async () => {
    throw problem('not-ready')
  }
  const { introspect } = authorizationServer(undefined, { signJwt })
  const headers = { accept: 'application/token-introspection+jwt' }
  const answer = await post(introspect, { ...shop, token: 'unknown' }, { headers })
  expect([answer.status, answer.json.error]).toEqual([503, 'temporarily_unavailable'])
})
