import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { PolicyConfigs } from '../../registry/model.ts'
import { currentNumber } from '../../registry/snapshot.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { callOnce, connections } from '../support/load.ts'
import { type Demo, type Platform, publishDemo, startPlatform } from '../support/platform.ts'
import { until } from '../support/until.ts'

let platform: Platform
let echo: Echo
let slow: Echo
let gateways: GatewayProcess[]
let shared: Demo
let flying: Demo
const agent = connections(24)

beforeAll(async () => {
  ;[platform, echo] = await Promise.all([startPlatform(), startEcho({ keeps: false })])
  slow = await startEcho({ keeps: false, delayMs: 50 })
  const api = (name: string, policies: PolicyConfigs, { url } = echo) =>
    publishDemo(platform, { name, targets: [{ url }], policies })
  const whenStoreFails = 'share'
  await api('open', {})
  shared = await api('shared', { 'rate-limit': { limit: 31, windowSeconds: 3_600, whenStoreFails } })
  flying = await api('flying', { concurrency: { limit: 5, whenStoreFails } }, slow)
  gateways = await Promise.all([1, 2].map(() => platform.gateway({ LOG_ACCESS: 'off' })))
  await Promise.all(gateways.map((gateway) => gateway.serves(flying.snapshot)))
}, 60_000)
afterAll(async () => {
  agent.destroy()
  await platform?.close()
  await echo?.close()
  await slow?.close()
})

const storm = (name: string, { key }: Demo, calls: number) =>
  Promise.all(
    Array.from({ length: calls }, (_, i) =>
      callOnce(`${gateways[i % 2]!.url}/${name}/v1/accounts/1/balance`, {
        headers: { 'x-api-key': key },
        agent,
      }),
    ),
  )

test('while Redis is away each gateway lets its share of a limit through, and no more', async () => {
  // So that every thread knows the callers. Keys of one API open no other, but they are known.
  for (const demo of [shared, flying]) await storm('open', demo, 48)
  // And each gateway knows of the other.
  await until(async () => {
    const metrics = await Promise.all(gateways.map((gateway) => gateway.metrics()))
    return metrics.every((text) => text.includes('gateway_known_gateways 2\n'))
  })
  await platform.redis.kill()
  await until(async () => {
    const states = await Promise.all(gateways.map(async (gateway) => (await gateway.readiness()).redis))
    return states.every((state) => state === 'away')
  })
  // Limit 31, two gateways: 15 each.
  const answers = await storm('shared', shared, 200)
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(30)
  const refused = answers.filter(({ status }) => status !== 200)
  expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([429]))
  expect(Number(refused[0]!.headers['retry-after'])).toBeGreaterThanOrEqual(1)

  const many = await storm('flying', flying, 100)
  expect(slow.maxInFlight()).toBeLessThanOrEqual(4)
  expect(new Set(many.map(({ status }) => status))).toEqual(new Set([200, 429]))

  await platform.redis.start()
  await until(async () => (await storm('shared', shared, 10)).some(({ status }) => status === 200))
  await until(() => currentNumber(platform.registry)) // the test's own client has to come back, too
}, 60_000)
