import { describe, expect, test } from '@jest/globals'
import { verifier } from '../support/authorization-request.ts'
import { authorizationServer, basic, post, shop, wantsToken } from '../support/oauth.ts'
import { grantStage, redirectUri } from '../support/oauth-grants.ts'

/** The library lets clients with a code_verifier, or with authentication switched off, pass without their secret. */
describe('a client without its secret gets nothing', () => {
  test.each([
    ['nothing at all', {}, {}],
    ['its id only', { client_id: 'crd_shop' }, {}],
    ['an empty secret', { client_id: 'crd_shop', client_secret: '' }, {}],
    ['the secret only', { client_secret: 'shop-secret' }, {}],
    ['a code_verifier in place of the secret', { client_id: 'crd_shop', code_verifier: 'x'.repeat(43) }, {}],
    ['a wrong secret in the body', { client_id: 'crd_shop', client_secret: 'guess' }, {}],
    ['a wrong secret by Basic', {}, basic('crd_shop:guess')],
    ['an empty secret by Basic', {}, basic('crd_shop:')],
    ['the secret of another client', { client_id: 'crd_shop', client_secret: 'other-secret' }, {}],
    ['a Basic header without a colon', {}, basic('crd_shop')],
    ['a Basic header that is not base64', {}, { authorization: 'Basic ***' }],
    ['a bearer token', {}, { authorization: 'Bearer token-1' }],
    ['the name of a property that every object has', { client_id: '__proto__', client_secret: 'x' }, {}],
  ])('with %s: 401 invalid_client with a challenge', async (_what, form, headers) => {
    const server = authorizationServer()
    for (const endpoint of [server.token, server.revoke, server.introspect]) {
      const answer = await post(endpoint, { ...wantsToken, token: 'token-1', ...form }, { headers })
      expect(answer).toMatchObject({ status: 401, json: { error: 'invalid_client' } })
      expect(answer.headers['WWW-Authenticate']).toMatch(/^Basic realm="/)
      expect(answer.headers['Cache-Control']).toBe('no-store')
    }
    expect(server.tokens.size).toBe(0)
  })

  test('authorization_code with a code and its code_verifier is no way around, either', async () => {
    const { server, codeFor, redeem } = grantStage()
    const code = await codeFor()
    const { client_secret: _, ...bare } = {
      ...shop,
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    }
    expect(await post(server.token, bare)).toMatchObject({ status: 401, json: { error: 'invalid_client' } })
    expect(server.tokens.size).toBe(0)
    expect(await redeem(code)).toMatchObject({ status: 200 })
  })

  test('two ways of proof at once are refused, even if both are right', async () => {
    const server = authorizationServer()
    const answer = await post(
      server.token,
      { ...wantsToken, ...shop },
      { headers: basic('crd_shop:shop-secret') },
    )
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
    expect(server.lookups).toEqual([])
  })

  test('the header proves one client, the body may not name another', async () => {
    const form = { ...wantsToken, client_id: 'crd_other' }
    const answer = await post(authorizationServer().token, form, { headers: basic('crd_shop:shop-secret') })
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  test('an unknown client and a wrong secret are answered alike, after the same work', async () => {
    const server = authorizationServer()
    const unknown = await post(server.token, { ...wantsToken, client_id: 'crd_none', client_secret: 'guess' })
    const wrong = await post(server.token, { ...wantsToken, client_id: 'crd_shop', client_secret: 'guess' })
    expect(wrong).toEqual(unknown)
    expect(server.lookups).toEqual(['crd_none', 'crd_shop'])
  })
})
