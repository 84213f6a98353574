import { describe, expect, test } from '@jest/globals'
import { type Authorization, authorizationServer, post, shop, wantsToken } from '../support/oauth.ts'

const guess = (server: Authorization, more: object = {}, ip = '192.0.2.7') =>
  post(server.token, { ...wantsToken, client_id: 'crd_shop', client_secret: 'guess', ...more }, { ip })

async function guessTwentyTimes(server: Authorization) {
  for (let i = 0; i < 20; i++) expect(await guess(server)).toMatchObject({ status: 401 })
}

describe('guessing a client secret', () => {
  test('is slowed down after 20 failures, and even the right secret is not looked at then', async () => {
    const server = authorizationServer()
    await guessTwentyTimes(server)
    const before = server.lookups.length
    for (const form of [{}, shop]) {
      expect(await guess(server, form)).toMatchObject({
        status: 429,
        headers: { 'Retry-After': '60' },
        json: { error: 'slow_down' },
      })
    }
    expect(server.lookups).toHaveLength(before)
  })

  test('does not lock the partner out at its own address', async () => {
    const server = authorizationServer()
    await guessTwentyTimes(server)
    expect(await guess(server, shop, '198.51.100.1')).toMatchObject({ status: 200 })
  })

  test('is counted at all endpoints together', async () => {
    const server = authorizationServer()
    await guessTwentyTimes(server)
    for (const endpoint of [server.revoke, server.introspect])
      expect(await post(endpoint, { ...shop, token: 'x' })).toMatchObject({ status: 429 })
  })

  test('does not fill the store with a count for every made-up client', async () => {
    const server = authorizationServer()
    for (const client_id of ['A', 'b c', 'x'.repeat(65), 'ä', '{a}', 'a:b'])
      await guess(server, { client_id })
    expect(server.failures.size).toBe(1)
  })

  test('costs a client that proves itself nothing', async () => {
    const server = authorizationServer()
    for (let i = 0; i < 30; i++) expect(await guess(server, shop)).toMatchObject({ status: 200 })
    expect([...server.failures.values()]).toEqual([0])
  })
})
