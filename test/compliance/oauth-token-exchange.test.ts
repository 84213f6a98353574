import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as oauth from 'oauth4webapi'
import { tokenExchange } from '../../registry/oauth-model.ts'
import { discover, introspect, obtain, refusal, revoke } from '../support/oauth-servers/flow.ts'
import { endServers, servers } from '../support/oauth-servers/index.ts'
import type { TestClient, TestServer } from '../support/oauth-servers/server.ts'

/** RFC 8693, by a service that was called with a person's token. */

const accessToken = 'urn:ietf:params:oauth:token-type:access_token'

afterAll(endServers)

describe.each(servers('token_exchange'))('token exchange at %s', (_name, start) => {
  let server: TestServer
  let shop: TestClient
  let service: TestClient
  beforeAll(async () => {
    server = await start()
    shop = await server.register()
    service = await server.register({ grants: ['client_credentials', tokenExchange] })
  })

  async function exchange(subject: string, more: Record<string, string> = {}, by = service) {
    const as = await discover(server)
    const parameters = { subject_token: subject, subject_token_type: accessToken, ...more }
    const response = await oauth.genericTokenEndpointRequest(
      as,
      by.metadata,
      by.auth,
      tokenExchange,
      parameters,
      server.options(by),
    )
    return oauth.processGenericTokenEndpointResponse(as, by.metadata, response)
  }

  test('gives a token in the name of the person, and says what kind it is and who acts', async () => {
    const { tokens } = await obtain(server, shop, { scope: 'payments:read' })
    const given = await exchange(tokens.access_token)
    expect(given).toMatchObject({
      issued_token_type: accessToken,
      token_type: 'bearer',
      scope: 'payments:read',
    })
    expect(given.refresh_token).toBeUndefined()
    const [before, after] = [
      await introspect(server, shop, tokens.access_token),
      await introspect(server, service, given.access_token),
    ]
    expect(after).toMatchObject({
      active: true,
      sub: before.sub,
      client_id: service.id,
      act: { sub: service.id },
    })
    expect(after.exp!).toBeLessThanOrEqual(before.exp!)
  })

  test('gives it for a resource that is named', async () => {
    const { tokens } = await obtain(server, shop)
    const given = await exchange(tokens.access_token, { resource: server.resource })
    expect(await introspect(server, service, given.access_token)).toMatchObject({ aud: [server.resource] })
  })

  test('gives no wider scope and no other resource', async () => {
    const { tokens } = await obtain(server, shop, {
      scope: 'payments:read',
      parameters: { resource: server.resource },
    })
    const { access_token } = tokens
    expect(await refusal(exchange(access_token, { scope: 'payments:write' }))).toBe('invalid_scope')
    expect(await refusal(exchange(access_token, { resource: server.jwtResource }))).toBe('invalid_target')
  })

  test('is for clients that are registered for it', async () => {
    const { tokens } = await obtain(server, shop)
    expect(await refusal(exchange(tokens.access_token, {}, shop))).toBe('unauthorized_client')
  })

  test('refuses a token that is none, or is no longer', async () => {
    expect(await refusal(exchange('never-was'))).toBe('invalid_request')
    const { tokens } = await obtain(server, shop)
    await revoke(server, shop, tokens.refresh_token!)
    expect(await refusal(exchange(tokens.access_token))).toBe('invalid_request')
  })

  test('ends with what the person has allowed', async () => {
    const { tokens } = await obtain(server, shop)
    const given = await exchange(tokens.access_token)
    await revoke(server, shop, tokens.refresh_token!)
    expect(await introspect(server, service, given.access_token)).toMatchObject({ active: false })
  })
})
