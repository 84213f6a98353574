import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as oauth from 'oauth4webapi'
import {
  ask,
  clientCredentials,
  decide,
  discover,
  introspect,
  obtain,
  redeem,
  refusal,
} from '../support/oauth-servers/flow.ts'
import { endServers, servers } from '../support/oauth-servers/index.ts'
import type { TestClient, TestServer } from '../support/oauth-servers/server.ts'

/** RFC 8707: a token for one audience; RFC 9068: as a JWT. */

afterAll(endServers)

describe.each(servers('resource_indicators'))('resource indicators at %s', (_name, start) => {
  let server: TestServer
  let client: TestClient
  beforeAll(async () => {
    server = await start()
    client = await server.register()
  })

  test('become the audience of a token', async () => {
    const token = await clientCredentials(server, client, { resource: server.resource })
    const { aud } = await introspect(server, client, token.access_token)
    expect([aud].flat()).toEqual([server.resource])
  })

  test('become the audience of the tokens of a code', async () => {
    const parameters = { resource: server.resource }
    const { tokens } = await obtain(server, client, { parameters, isPushed: true })
    const { aud } = await introspect(server, client, tokens.access_token)
    expect([aud].flat()).toEqual([server.resource])
  })

  test.each([
    ['is unknown', 'https://elsewhere.example/api'],
    ['is relative', '/payments/v1'],
    ['has a fragment', 'https://api.bank.example/payments/v1#part'],
  ])('one that %s is refused', async (_what, resource) => {
    expect(await refusal(clientCredentials(server, client, { resource }))).toBe('invalid_target')
    expect(await refusal(ask(server, client, { isPushed: true, parameters: { resource } }))).toBe(
      'invalid_target',
    )
  })

  test('one that was not asked for at first is refused with the code', async () => {
    const asked = await ask(server, client, { parameters: { resource: server.resource } })
    const answer = await decide(server, client, asked)
    const wider = redeem(server, client, asked, answer, undefined, { resource: server.jwtResource })
    expect(await refusal(wider)).toBe('invalid_target')
  })
})

describe.each(servers('jwt_access_tokens'))('JWT access tokens of %s (RFC 9068)', (_name, start) => {
  let server: TestServer
  let client: TestClient
  beforeAll(async () => {
    server = await start()
    client = await server.register()
  })

  /** As a service behind the gateway does it. */
  async function verify(token: string, scheme: string, headers: Record<string, string> = {}, method = 'GET') {
    const request = new Request(`${server.jwtResource}/accounts`, {
      method,
      headers: { authorization: `${scheme} ${token}`, ...headers },
    })
    return oauth.validateJwtAccessToken(
      await discover(server),
      request,
      server.jwtResource,
      server.options() as object,
    )
  }

  test('are verified by a service with the published keys', async () => {
    const { access_token } = await clientCredentials(server, client, {
      resource: server.jwtResource,
      scope: 'payments:read',
    })
    expect(await verify(access_token, 'Bearer')).toMatchObject({
      iss: server.issuer,
      client_id: client.id,
      sub: expect.any(String),
      jti: expect.any(String),
      scope: 'payments:read',
    })
  })

  test('of a person name the person, not the client', async () => {
    const parameters = { resource: server.jwtResource }
    const { tokens } = await obtain(server, client, { parameters, isPushed: true })
    const { sub, client_id } = await verify(tokens.access_token, 'Bearer')
    expect(client_id).toBe(client.id)
    expect(sub).not.toBe(client.id)
  })

  test('are bound to the key of a client that proves one', async () => {
    const keys = await oauth.generateKeyPair('ES256')
    const bound = await server.register({ senderConstraint: 'dpop' })
    const token = await clientCredentials(
      server,
      bound,
      { resource: server.jwtResource },
      oauth.DPoP(bound.metadata, keys),
    )
    await expect(verify(token.access_token, 'Bearer')).rejects.toThrow()
    const proofs: string[] = []
    await oauth
      .protectedResourceRequest(
        token.access_token,
        'GET',
        new URL(`${server.jwtResource}/accounts`),
        undefined,
        undefined,
        {
          DPoP: oauth.DPoP(bound.metadata, keys),
          [oauth.allowInsecureRequests]: true,
          [oauth.customFetch]: async (_url, init) => {
            proofs.push(new Headers(init.headers).get('dpop')!)
            return new Response('{}')
          },
        },
      )
      .catch(() => {})
    expect(await verify(token.access_token, 'DPoP', { dpop: proofs[0]! })).toMatchObject({
      client_id: bound.id,
    })
  })
})
