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
    expect([...server.failures.keys()]).toEqual([
      '192.0.2.7 oauth2-failures:other',
      '192.0.2.7 oauth2-failures',
    ])
  })

  test('is bounded over all clients of an address, which can make up as many as it likes', async () => {
    const server = authorizationServer()
    const counts = async (from: number) => {
      for (let i = from; i < from + 300; i++) await guess(server, { client_id: `cred_${i}` })
      return server.failures.size
    }
    const most = await counts(0)
    expect(await counts(300)).toBeLessThanOrEqual(most + 300) // looked at, not kept
    const { length } = [...server.failures.values()].filter((count) => count > 0)
    expect(length).toBe(301)
    expect(await guess(server, { client_id: 'cred_601' })).toMatchObject({ status: 429 })
    expect(await guess(server, shop)).toMatchObject({ status: 200 })
  })

  test('is counted by the /64 of an IPv6 address', async () => {
    const server = authorizationServer()
    for (let i = 1; i <= 20; i++) await guess(server, {}, `2001:db8::${i}`)
    expect(await guess(server, {}, '2001:db8::ffff:1')).toMatchObject({ status: 429 })
    expect(await guess(server, {}, '2001:db8:0:1::1')).toMatchObject({ status: 401 })
  })

  test('is told from a client that asks for token after token: each stays in the store until it ends', async () => {
    const server = authorizationServer()
    for (let i = 0; i < 1_000; i++) expect(await guess(server, shop)).toMatchObject({ status: 200 })
    expect(await guess(server, shop)).toMatchObject({
      status: 429,
      headers: { 'Retry-After': '2' },
      json: { error: 'slow_down' },
    })
    expect(server.tokens.size).toBe(1_000)
    const other = { client_id: 'crd_other', client_secret: 'other-secret' }
    expect(await guess(server, other)).toMatchObject({ status: 200 })
  })

  test('costs a client that proves itself nothing', async () => {
    const server = authorizationServer()
    for (let i = 0; i < 30; i++) expect(await guess(server, shop)).toMatchObject({ status: 200 })
    expect(server.failures.get('192.0.2.7 oauth2-failures:crd_shop')).toBe(0)
    expect(server.failures.has('192.0.2.7 oauth2-failures')).toBe(false)
  })
})
