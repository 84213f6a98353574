import { describe, expect, test } from '@jest/globals'
import { authorizationServer, basic, post, wantsToken } from '../support/oauth.ts'

/** RFC 6749 §2.3.1: id and secret are form-encoded inside Basic. The library compares them as they come. */
describe('Basic credentials', () => {
  test.each([
    ['encoded as the standard says', 'a%2Db%5Fc%2E1:s%2Be%2Fc+r%3Aet%25'],
    ['encoded only where it must be', 'a-b_c.1:s%2Be/c%20r:et%25'],
  ])('are taken %s', async (_how, text) => {
    const server = authorizationServer({ 'a-b_c.1': 's+e/c r:et%' })
    expect(await post(server.token, wantsToken, { headers: basic(text) })).toMatchObject({ status: 200 })
  })

  test.each(['s+e/c', '100%', '%41', 'a%zz:b'])(
    'are taken as they are from older clients, secret %s',
    async (secret) => {
      const server = authorizationServer({ crd_shop: secret })
      const answer = await post(server.token, wantsToken, { headers: basic(`crd_shop:${secret}`) })
      expect(answer).toMatchObject({ status: 200 })
    },
  )

  test('are looked up once where encoding makes no difference', async () => {
    const server = authorizationServer()
    await post(server.token, wantsToken, { headers: basic('crd_shop:guess') })
    expect(server.lookups).toEqual(['crd_shop'])
  })

  test('count as one failure although they are tried in two readings', async () => {
    const server = authorizationServer()
    await post(server.token, wantsToken, { headers: basic('crd_shop:a%41') })
    expect(server.failures.get('192.0.2.7 oauth2-failures:crd_shop')).toBe(1)
  })
})
