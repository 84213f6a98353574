import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as oauth from 'oauth4webapi'
import { discover, introspect, obtain, refresh, refusal, revoke } from '../support/oauth-servers/flow.ts'
import { endServers, servers } from '../support/oauth-servers/index.ts'
import type { TestClient, TestServer } from '../support/oauth-servers/server.ts'

/** RFC 7009 and RFC 7662: tokens that are given back, and what can be learnt of a token. */

afterAll(endServers)

describe.each(servers('authorization_code'))('revocation at %s', (_name, start) => {
  let server: TestServer
  let client: TestClient
  let other: TestClient
  beforeAll(async () => {
    server = await start()
    client = await server.register()
    other = await server.register()
  })

  test('of an access token ends it; once more is as good (§2.2)', async () => {
    const { tokens } = await obtain(server, client)
    await revoke(server, client, tokens.access_token)
    await revoke(server, client, tokens.access_token)
    expect(await introspect(server, client, tokens.access_token)).toEqual({ active: false })
  })

  test('of a refresh token ends all that came of the same consent', async () => {
    const { tokens } = await obtain(server, client)
    const next = await refresh(server, client, tokens.refresh_token!)
    await revoke(server, client, next.refresh_token!)
    expect(await refusal(refresh(server, client, next.refresh_token!))).toBe('invalid_grant')
    for (const { access_token } of [tokens, next])
      expect(await introspect(server, client, access_token)).toEqual({ active: false })
  })

  test('of what nobody issued is no error', async () => {
    for (const token of ['nothing', 'pgt_live_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'])
      await expect(revoke(server, client, token)).resolves.toBeUndefined()
  })

  test('of the tokens of another client is refused, and they live on', async () => {
    const { tokens } = await obtain(server, client)
    for (const token of [tokens.access_token, tokens.refresh_token!])
      expect(await refusal(revoke(server, other, token))).toMatch(/^(unauthorized_client|invalid_request)$/)
    expect(await introspect(server, client, tokens.access_token)).toMatchObject({ active: true })
  })

  test('does not depend on the hint (§2.1)', async () => {
    const { tokens } = await obtain(server, client)
    const as = await discover(server)
    const options = { ...server.options(client), additionalParameters: { token_type_hint: 'refresh_token' } }
    const { metadata, auth } = client
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(as, metadata, auth, tokens.access_token, options),
    )
    expect(await introspect(server, client, tokens.access_token)).toEqual({ active: false })
  })

  test('asks for the proof of the client', async () => {
    const { tokens } = await obtain(server, client)
    const stranger = { ...client, auth: oauth.ClientSecretBasic('guessed') }
    expect(await refusal(revoke(server, stranger, tokens.access_token))).toMatch(/^invalid_client$|^401/)
  })
})

describe.each(servers('authorization_code'))('introspection at %s', (_name, start) => {
  let server: TestServer
  let client: TestClient
  beforeAll(async () => {
    server = await start()
    client = await server.register()
  })

  test('tells what a token stands for (RFC 7662 §2.2)', async () => {
    const { tokens } = await obtain(server, client, { scope: 'payments:read' })
    const seen = await introspect(server, client, tokens.access_token)
    expect(seen).toMatchObject({
      active: true,
      client_id: client.id,
      scope: 'payments:read',
      token_type: 'Bearer',
      sub: expect.any(String),
      iss: server.issuer,
    })
    expect(seen.exp! - seen.iat!).toBeGreaterThan(0)
  })

  test('tells nothing of what is unknown, and nothing more than that', async () => {
    const { tokens } = await obtain(server, client)
    for (const token of ['nothing', `${tokens.access_token}x`])
      expect(await introspect(server, client, token)).toEqual({ active: false })
  })

  test('tells nothing to another client', async () => {
    const { tokens } = await obtain(server, client)
    expect(await introspect(server, await server.register(), tokens.access_token)).toEqual({ active: false })
  })
})

describe.each(servers('signed_introspection'))('signed introspection at %s (RFC 9701)', (_name, start) => {
  test('holds the answer under token_introspection, for the caller alone', async () => {
    const server = await start()
    const client = await server.register()
    const { tokens } = await obtain(server, client)
    const as = await discover(server)
    const { metadata, auth } = client
    const response = await oauth.introspectionRequest(as, metadata, auth, tokens.access_token, {
      ...server.options(client),
      requestJwtResponse: true,
    })
    expect(response.headers.get('content-type')).toMatch(/^application\/token-introspection\+jwt/)
    // oauth4webapi checks typ, iss, aud and iat; the signature with the published keys.
    const seen = await oauth.processIntrospectionResponse(as, metadata, response)
    expect(seen).toMatchObject({ active: true, client_id: client.id })
    await oauth.validateApplicationLevelSignature(as, response, server.options(client))
  })
})
