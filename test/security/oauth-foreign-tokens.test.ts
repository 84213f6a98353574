import { describe, expect, test } from '@jest/globals'
import { authorizationServer, issuer, post, shop, wantsToken } from '../support/oauth.ts'

const other = { client_id: 'crd_other', client_secret: 'other-secret' }

async function withToken(more: Parameters<typeof authorizationServer>[1] = {}) {
  const server = authorizationServer(undefined, more)
  const { json } = await post(server.token, { ...wantsToken, ...shop })
  return { server, token: json.access_token as string }
}

describe('a token is its own client’s business', () => {
  test('its client learns what it stands for', async () => {
    const { server, token } = await withToken()
    expect((await post(server.introspect, { ...shop, token })).json).toEqual({
      active: true,
      iss: issuer,
      client_id: 'crd_shop',
      sub: 'app_shop',
      token_type: 'Bearer',
      scope: 'payments:read payments:write',
      iat: 1_000,
      exp: 1_600,
    })
  })

  test('another client learns what it would learn of a token that never was', async () => {
    const { server, token } = await withToken()
    const foreign = await post(server.introspect, { ...other, token })
    expect(foreign).toMatchObject({ status: 200, json: { active: false } })
    expect(foreign).toEqual(await post(server.introspect, { ...other, token: 'never-was' }))
  })

  test('one that has expired is not active, should the store still hold it', async () => {
    let now = 1_000_000
    const { server, token } = await withToken({ now: () => now })
    now += 600_000
    expect((await post(server.introspect, { ...shop, token })).json).toEqual({ active: false })
  })

  test('its client gives it back, twice if it likes', async () => {
    const { server, token } = await withToken()
    for (let i = 0; i < 2; i++)
      expect(await post(server.revoke, { ...shop, token, token_type_hint: 'access_token' })).toMatchObject({
        status: 200,
        body: '',
      })
    expect((await post(server.introspect, { ...shop, token })).json).toEqual({ active: false })
  })

  test('another client cannot give it back', async () => {
    const { server, token } = await withToken()
    expect(await post(server.revoke, { ...other, token })).toMatchObject({
      status: 400,
      json: { error: 'unauthorized_client' },
    })
    expect(server.tokens.has(token)).toBe(true)
  })

  test('the token must be named', async () => {
    const server = authorizationServer()
    for (const endpoint of [server.revoke, server.introspect])
      expect(await post(endpoint, shop)).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })
})
