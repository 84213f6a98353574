import { expect, test } from '@jest/globals'
import { registerParty, startAuthorizationServer } from '../../support/oauth-platform.ts'
import { startRedis, testRegistry } from '../../support/redis.ts'
import { until } from '../../support/until.ts'

test('while Redis is away clients and people are told to come back, and nothing else; once it is back, they get tokens', async () => {
  const redis = await startRedis()
  const registry = await testRegistry({ url: redis.url, timeoutMs: 300 })
  const party = await registerParty(registry, 'shop')
  const server = await startAuthorizationServer(registry)
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: party.clientId,
    client_secret: party.secret,
  })
  const ask = () => fetch(`${server.issuer}/oauth2/token`, { method: 'POST', body })
  try {
    expect((await ask()).status).toBe(200)
    await redis.kill()
    const answer = await ask()
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await answer.json()).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'Try again in a moment',
    })
    for (const path of ['/oauth2/account', `/oauth2/interaction/${'x'.repeat(43)}`]) {
      const cookie = `session=${'A'.repeat(43)}; interaction=${'B'.repeat(43)}`
      const page = await fetch(`${server.issuer}${path}`, { headers: { cookie } })
      expect([page.status, page.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await page.text()).toContain('Something went wrong on our side')
    }
    await redis.start()
    await until(async () => (await ask()).status === 200)
  } finally {
    await server.close()
    await registry.close()
    await redis.kill()
  }
})
