import { describe, expect, test } from '@jest/globals'
import { authorizationServer, post, shop, wantsToken } from '../support/oauth.ts'

const valid = new URLSearchParams({ ...wantsToken, ...shop }).toString()

/** What two readers could read in two ways is refused before anything is done. */
describe('the form', () => {
  test.each([
    ['grant_type twice', `${valid}&grant_type=client_credentials`],
    ['scope twice', `${valid}&scope=payments%3Aread&scope=payments%3Awrite`],
    ['client_id twice, once escaped', `${valid}&client%5Fid=crd_other`],
    ['an unknown parameter twice', `${valid}&x=1&x=2`],
    ['a parameter twice, once without a value', `${valid}&client_secret=`],
    ['an escape that is cut off', `${valid}&x=%4`],
    ['an escape that is not UTF-8', `${valid}&x=%ff`],
    ['more than 16 KiB', `${valid}&x=${'a'.repeat(16_384)}`],
    ['no grant_type', new URLSearchParams(shop).toString()],
    ['an empty grant_type', `${new URLSearchParams(shop)}&grant_type=`],
  ])('with %s is refused', async (_what, text) => {
    const server = authorizationServer()
    expect(await post(server.token, text)).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
    expect(server.tokens.size).toBe(0)
  })

  test.each([
    'application/json',
    'multipart/form-data; boundary=x',
    'text/plain',
    'application/x-www-form-urlencoded; charset=utf-16',
    'application/x-www-form-urlencodedx',
    '',
  ])('as "%s" is refused', async (type) => {
    const answer = await post(authorizationServer().token, valid, { headers: { 'content-type': type } })
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  test.each(['application/x-www-form-urlencoded;charset=UTF-8', 'Application/X-WWW-Form-Urlencoded'])(
    'as "%s" is taken',
    async (type) => {
      const answer = await post(authorizationServer().token, valid, { headers: { 'content-type': type } })
      expect(answer.status).toBe(200)
    },
  )

  test('counts a parameter without a value as left out', async () => {
    expect(await post(authorizationServer().token, `${valid}&scope=`)).toMatchObject({
      status: 200,
      json: { scope: 'payments:read payments:write' },
    })
  })

  test.each(['GET', 'PUT', 'HEAD', 'OPTIONS'])('is not read from a %s', async (method) => {
    const answer = await post(authorizationServer().token, valid, { method })
    expect(answer).toMatchObject({ status: 405, headers: { Allow: 'POST' } })
  })
})
