import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { calculateJwkThumbprint, exportJWK } from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import {
  ask,
  clientCredentials,
  decide,
  discover,
  dpopOf,
  introspect,
  obtain,
  redeem,
  refresh,
  refusal,
} from '../support/oauth-servers/flow.ts'
import { endServers, servers } from '../support/oauth-servers/index.ts'
import type { TestClient, TestServer } from '../support/oauth-servers/server.ts'

/** RFC 9449: tokens bound to a key of the client. */

afterAll(endServers)

describe.each(servers('dpop'))('DPoP at %s', (_name, start) => {
  let server: TestServer
  let client: TestClient
  beforeAll(async () => {
    server = await start()
    client = await server.register({ senderConstraint: 'dpop' })
  })

  test('says which algorithms it takes, none of them symmetric', async () => {
    const { dpop_signing_alg_values_supported: algorithms } = await discover(server)
    expect(algorithms).toEqual(expect.arrayContaining(['ES256']))
    for (const algorithm of algorithms!) expect(algorithm).not.toMatch(/^(HS|none|RS)/)
  })

  test.each(['ES256', 'PS256', 'Ed25519'])('binds a token to a key of %s', async (alg) => {
    const keys = await oauth.generateKeyPair(alg)
    const token = await clientCredentials(server, client, {}, oauth.DPoP(client.metadata, keys))
    expect(token.token_type).toBe('dpop')
    const jkt = await calculateJwkThumbprint(await exportJWK(keys.publicKey))
    expect(await introspect(server, client, token.access_token)).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf: { jkt },
    })
  })

  test('gives nothing to a client that must bind its tokens and sends no proof', async () => {
    expect(await refusal(clientCredentials(server, client))).toMatch(/^invalid_(request|dpop_proof|grant)$/)
  })

  test('binds the tokens of a code', async () => {
    const dpop = await dpopOf(client)
    const { tokens } = await obtain(server, client, { dpop })
    expect(tokens.token_type).toBe('dpop')
    const next = await refresh(server, client, tokens.refresh_token!, dpop)
    expect(next.token_type).toBe('dpop')
  })

  test('binds the code itself to the key that was named when it was asked for (§10)', async () => {
    const keys = await oauth.generateKeyPair('ES256')
    const dpop_jkt = await calculateJwkThumbprint(await exportJWK(keys.publicKey))
    const asked = await ask(server, client, { parameters: { dpop_jkt } })
    const answer = await decide(server, client, asked)
    const stolen = redeem(server, client, asked, answer, await dpopOf(client))
    expect(await refusal(stolen)).toMatch(/^invalid_(grant|dpop_proof)$/)
    const again = await ask(server, client, { parameters: { dpop_jkt } })
    const own = oauth.DPoP(client.metadata, keys)
    const tokens = await redeem(server, client, again, await decide(server, client, again), own)
    expect(tokens.token_type).toBe('dpop')
  })

  test('binds the code to the key that proved the pushed request (§10.1)', async () => {
    const dpop = await dpopOf(client)
    const { tokens } = await obtain(server, client, { isPushed: true, dpop })
    expect(tokens.token_type).toBe('dpop')
    const asked = await ask(server, client, { isPushed: true, dpop })
    const answer = await decide(server, client, asked)
    const stolen = redeem(server, client, asked, answer, await dpopOf(client))
    expect(await refusal(stolen)).toMatch(/^invalid_(grant|dpop_proof)$/)
  })

  test('refuses a pushed request whose dpop_jkt is not that of the proof', async () => {
    const jkt = await calculateJwkThumbprint(
      await exportJWK((await oauth.generateKeyPair('ES256')).publicKey),
    )
    const asked = ask(server, client, {
      isPushed: true,
      dpop: await dpopOf(client),
      parameters: { dpop_jkt: jkt },
    })
    expect(await refusal(asked)).toMatch(/^invalid_(request|dpop_proof)$/)
  })

  test('binds the refresh token of a public client to its key', async () => {
    const app = await server.register({
      authentication: 'none',
      grants: ['authorization_code', 'refresh_token'],
      senderConstraint: 'dpop',
    })
    const dpop = await dpopOf(app)
    const { tokens } = await obtain(server, app, { dpop })
    const stolen = refresh(server, app, tokens.refresh_token!, await dpopOf(app))
    expect(await refusal(stolen)).toMatch(/^invalid_(grant|dpop_proof)$/)
    expect(await refresh(server, app, tokens.refresh_token!, dpop)).toMatchObject({ token_type: 'dpop' })
  })

  test('serves openid-client', async () => {
    const config = await openid.discovery(
      new URL(server.issuer),
      client.id,
      client.secret,
      openid.ClientSecretBasic(client.secret),
      { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] },
    )
    const handle = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair())
    const token = await openid.clientCredentialsGrant(config, {}, { DPoP: handle })
    expect(token.token_type).toBe('dpop')
  })
})
