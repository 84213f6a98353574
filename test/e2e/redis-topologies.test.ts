import { afterEach, describe, expect, test } from '@jest/globals'
import { startEcho } from '../support/echo.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { type Answer, callOnce, connections } from '../support/load.ts'
import { addPartner, type Demo, type PlatformOn, publishDemo, startPlatformOn } from '../support/platform.ts'
import { startCluster, startSentinel } from '../support/redis-topologies.ts'
import { until } from '../support/until.ts'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const policies = {
  'rate-limit': { limit: 40, windowSeconds: 3_600, whenStoreFails: 'refuse' },
  quota: { limit: 1_000, per: 'address', whenStoreFails: 'refuse' },
  concurrency: { limit: 200, whenStoreFails: 'refuse' },
}

async function stage(platform: PlatformOn) {
  endings.push(() => platform.close())
  const echo = await startEcho({ keeps: false })
  endings.push(() => echo.close())
  const demo = await publishDemo(platform, { targets: [{ url: echo.url }], policies })
  const settings = { LOG_ACCESS: 'off', REDIS_TIMEOUT_MS: '2000' }
  const gateways = await Promise.all([1, 2].map(() => platform.gateway(settings)))
  await Promise.all(gateways.map((gateway) => gateway.serves(demo.snapshot)))
  return { echo, demo, gateways }
}
const call = (gateway: GatewayProcess, key: string) =>
  callOnce(`${gateway.url}/payments/v1/accounts/1/balance`, { headers: { 'x-api-key': key } })

/** Two gateways, more calls at once than the limit allows. */
async function storm(gateways: GatewayProcess[], { key }: { key: string }, calls: number): Promise<Answer[]> {
  const agent = connections(50)
  const answers = await Promise.all(
    Array.from({ length: calls }, (_, i) =>
      callOnce(`${gateways[i % gateways.length]!.url}/payments/v1/accounts/1/balance`, {
        headers: { 'x-api-key': key },
        agent,
      }),
    ),
  )
  agent.destroy()
  return answers
}
const passed = (answers: Answer[]) => answers.filter(({ status }) => status === 200).length

/** Whoever comes new is known, and what is published is served. */
async function goesOn(platform: PlatformOn, demo: Demo, gateways: GatewayProcess[], name: string) {
  const shop = await until(() => addPartner(platform.registry, name, demo.versionId), { timeoutMs: 20_000 })
  const number = await until(() => demo.publish(), { timeoutMs: 20_000 })
  await Promise.all(gateways.map((gateway) => gateway.serves(number)))
  return shop
}

describe('two gateways', () => {
  test('count together on Redis Cluster, also what has slots of its own', async () => {
    const cluster = await startCluster()
    const platform = startPlatformOn(cluster)
    const { echo, demo, gateways } = await stage(platform)
    expect(passed(await storm(gateways, demo, 200))).toBe(40)
    const shop = await goesOn(platform, demo, gateways, 'newcomer')
    expect(passed(await storm(gateways, shop, 100))).toBe(40)
    expect(echo.answered()).toBe(80)
  }, 60_000)

  test('count on after a fail-over', async () => {
    const sentinel = await startSentinel()
    const platform = startPlatformOn(sentinel)
    const { echo, demo, gateways } = await stage(platform)
    expect(passed(await storm(gateways, demo, 10))).toBe(10)
    await until(async () => (await platform.registry.redis.wait(1, 500)) === 1, { timeoutMs: 20_000 })
    await sentinel.failOver()
    const shop = await goesOn(platform, demo, gateways, 'newcomer')
    for (const gateway of gateways)
      await until(async () => (await call(gateway, shop.key)).status === 200, { timeoutMs: 20_000 })
    const before = echo.answered()
    await until(async () => {
      const answers = await storm(gateways, demo, 200)
      return answers.every(({ status }) => status !== 503) // every thread has found the new master
    })
    expect(echo.answered() - before).toBe(30)
  }, 90_000)
})
