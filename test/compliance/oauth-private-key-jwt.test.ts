import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as oauth from 'oauth4webapi'
import {
  clientCredentials,
  discover,
  introspect,
  obtain,
  refusal,
  revoke,
} from '../support/oauth-servers/flow.ts'
import { endServers, servers } from '../support/oauth-servers/index.ts'
import { newKeys, type TestClient, type TestServer } from '../support/oauth-servers/server.ts'

/** RFC 7523: a client proves itself by a JWT of its own key. */

afterAll(endServers)

describe.each(servers('private_key_jwt'))('private_key_jwt at %s', (_name, start) => {
  let server: TestServer
  let client: TestClient
  beforeAll(async () => {
    server = await start()
    client = await server.register({ authentication: 'private_key_jwt' })
  })

  /** The same client, whose assertions are changed before they are signed. */
  const with_ = (
    change: (header: Record<string, unknown>, payload: Record<string, unknown>) => void,
    of = client,
  ): TestClient => ({
    ...of,
    auth: oauth.PrivateKeyJwt(
      { key: of.keys.privateKey, kid: of.keys.kid },
      { [oauth.modifyAssertion]: change },
    ),
  })

  test('is in the metadata, with algorithms that FAPI 2.0 allows', async () => {
    const as = await discover(server)
    expect(as.token_endpoint_auth_methods_supported).toContain('private_key_jwt')
    expect(as.token_endpoint_auth_signing_alg_values_supported).toEqual(
      expect.arrayContaining(['PS256', 'ES256', 'EdDSA']),
    )
    expect(as.token_endpoint_auth_signing_alg_values_supported).not.toContain('none')
  })

  test.each(['ES256', 'PS256', 'EdDSA'])('gets a token with a key of %s', async (alg) => {
    const keys = await newKeys(alg)
    const other = await server.register({
      authentication: 'private_key_jwt',
      jwks: { keys: [keys.publicJwk as { kty: 'EC' }] },
    })
    const auth = oauth.PrivateKeyJwt({ key: keys.privateKey, kid: keys.kid })
    // oauth4webapi names the algorithm Ed25519; FAPI 2.0 and most clients still say EdDSA.
    const named =
      alg === 'EdDSA'
        ? oauth.PrivateKeyJwt(
            { key: keys.privateKey, kid: keys.kid },
            {
              [oauth.modifyAssertion]: (header) => {
                header.alg = 'EdDSA'
              },
            },
          )
        : auth
    const token = await clientCredentials(server, { ...other, auth: named })
    expect(token.access_token).toEqual(expect.any(String))
  })

  test('works at every endpoint where a client proves itself', async () => {
    const { tokens } = await obtain(server, client, { isPushed: true })
    expect(await introspect(server, client, tokens.access_token)).toMatchObject({ active: true })
    await revoke(server, client, tokens.access_token)
    expect(await introspect(server, client, tokens.access_token)).toEqual({ active: false })
  })

  const now = () => Math.floor(Date.now() / 1000)
  test.each<[string, (header: Record<string, unknown>, payload: Record<string, unknown>) => void]>([
    ['of another issuer', (_h, p) => Object.assign(p, { iss: 'somebody-else' })],
    ['about another subject', (_h, p) => Object.assign(p, { sub: 'somebody-else' })],
    ['for another audience', (_h, p) => Object.assign(p, { aud: 'https://elsewhere.example' })],
    ['that has expired', (_h, p) => Object.assign(p, { exp: now() - 120, iat: now() - 180 })],
    ['without an expiry', (_h, p) => Object.assign(p, { exp: undefined })],
    ['without an identifier', (_h, p) => Object.assign(p, { jti: undefined })],
    ['that is not valid yet', (_h, p) => Object.assign(p, { nbf: now() + 120 })],
  ])('refuses an assertion %s', async (_what, change) => {
    expect(await refusal(clientCredentials(server, with_(change)))).toMatch(/^invalid_(client|request)$|^401/)
  })

  test('refuses an assertion that it has seen', async () => {
    const jti = crypto.randomUUID()
    const same = with_((_header, payload) => Object.assign(payload, { jti }))
    await clientCredentials(server, same)
    expect(await refusal(clientCredentials(server, same))).toMatch(/^invalid_client$|^401/)
  })

  test('refuses a key that is not of this client', async () => {
    const stranger = await newKeys()
    const auth = oauth.PrivateKeyJwt({ key: stranger.privateKey, kid: client.keys.kid })
    expect(await refusal(clientCredentials(server, { ...client, auth }))).toMatch(/^invalid_client$|^401/)
  })

  test('takes nothing but the issuer for an audience from a client of the FAPI 2.0 profile', async () => {
    const bank = await server.register({
      profile: 'fapi2',
      authentication: 'private_key_jwt',
      senderConstraint: 'dpop',
    })
    const dpop = oauth.DPoP(bank.metadata, await oauth.generateKeyPair('ES256'))
    const as = await discover(server)
    for (const aud of [as.token_endpoint, [as.issuer], [as.issuer, 'https://elsewhere.example']]) {
      const loose = with_((_header, payload) => Object.assign(payload, { aud }), bank)
      expect(await refusal(clientCredentials(server, loose, {}, dpop))).toMatch(/^invalid_client$|^401/)
    }
    const strict = with_((_header, payload) => Object.assign(payload, { aud: as.issuer }), bank)
    expect(await clientCredentials(server, strict, {}, dpop)).toMatchObject({ token_type: 'dpop' })
  })
})
