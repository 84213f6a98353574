import { describe, expect, test } from '@jest/globals'
import { tokenExchange } from '../../registry/oauth-model.ts'
import { authorizationServer, client, post, shop, wantsToken } from '../support/oauth.ts'

const ask = (scope: string) => post(authorizationServer().token, { ...wantsToken, ...shop, scope })

describe('a token holds no more than its client may have', () => {
  test('asked for nothing in particular: all that is granted to the client', async () => {
    const server = authorizationServer()
    const answer = await post(server.token, { ...wantsToken, ...shop })
    expect(answer).toMatchObject({ status: 200, json: { scope: 'payments:read payments:write' } })
    expect(server.tokens.get('token-1')!.scopes).toEqual(['payments:read', 'payments:write'])
  })

  test('asked for a part: that part, once', async () => {
    expect(await ask('payments:read payments:read')).toMatchObject({ json: { scope: 'payments:read' } })
  })

  test.each([
    'admin',
    'payments:read admin',
    'Payments:Read',
    'payments:*',
    'payments:read,payments:write',
    'payments:read\tpayments:write\u00e9',
    '__proto__',
    '"',
    ' ',
  ])('asked for "%s": nothing at all', async (scope) => {
    expect(await ask(scope)).toMatchObject({ status: 400, json: { error: 'invalid_scope' } })
  })

  test('a client without scopes gets a token without scopes', async () => {
    const bare = { findClientBySecret: async () => client({ scopes: [] }) }
    const answer = await post(authorizationServer({}, bare).token, { ...wantsToken, ...shop })
    expect(answer.status).toBe(200)
    expect(answer.json).not.toHaveProperty('scope')
  })

  test.each([
    'password',
    'implicit',
    '__proto__',
    'constructor',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
  ])('the grant "%s" is not on offer', async (grant_type) => {
    const form = { ...shop, grant_type, username: 'a', password: 'b', code: 'c', refresh_token: 'd' }
    expect(await post(authorizationServer().token, form)).toMatchObject({
      status: 400,
      json: { error: 'unsupported_grant_type' },
    })
  })

  test.each(['authorization_code', 'refresh_token', tokenExchange])(
    'the grant "%s" is for the clients that are registered for it',
    async (grant_type) => {
      const form = { ...shop, grant_type, code: 'c', refresh_token: 'd' }
      expect(await post(authorizationServer().token, form)).toMatchObject({
        status: 400,
        json: { error: 'unauthorized_client' },
      })
    },
  )

  test('a token does not outlive its client', async () => {
    const ending = { findClientBySecret: async () => client({ expiresAt: 1_000_000 + 90_500 }) }
    const server = authorizationServer({}, ending)
    expect(await post(server.token, { ...wantsToken, ...shop })).toMatchObject({ json: { expires_in: 90 } })
    expect(server.tokens.get('token-1')!.expiresAt).toBe(1_000_000 + 90_000)
  })
})
