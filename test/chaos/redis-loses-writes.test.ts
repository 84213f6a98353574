import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { updateVersion } from '../../registry/apis.ts'
import { VersionInput } from '../../registry/model.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { callOnce, connections } from '../support/load.ts'
import { type Demo, type Platform, publishDemo, startPlatform, tester } from '../support/platform.ts'
import { until } from '../support/until.ts'

let platform: Platform
let echo: Echo
let gateway: GatewayProcess
let demo: Demo
const agent = connections(12)

beforeAll(async () => {
  // Without the append-only file: what was not saved is lost with the process.
  const redis = { args: ['--appendonly', 'no'] }
  ;[platform, echo] = await Promise.all([startPlatform({ redis }), startEcho({ keeps: false })])
  demo = await publishDemo(platform, { targets: [{ url: echo.url }] })
  gateway = await platform.gateway({ LOG_ACCESS: 'off' })
  await gateway.serves(demo.snapshot)
}, 60_000)

afterAll(async () => {
  agent.destroy()
  await platform?.close()
  await echo?.close()
})

const call = () =>
  callOnce(`${gateway.url}/payments/v1/accounts/1/balance`, { headers: { 'x-api-key': demo.key }, agent })

/** What the service sees, on connections to all threads. */
async function pathsSeen(): Promise<string> {
  const answers = await Promise.all(Array.from({ length: 12 }, call))
  const seen = answers.map(({ status, body }) => (status === 200 ? JSON.parse(body.toString()).url : status))
  return [...new Set(seen)].join(' ')
}

/** Publishes the API so that the service sees its calls under `/edition-<n>`. */
async function publishEdition(n: number): Promise<number> {
  const version = VersionInput.parse({
    name: 'v1',
    routing: { by: 'path', basePath: '/payments/v1' },
    upstreams: { live: demo.upstreamId },
    upstreamPath: `/edition-${n}`,
  })
  await updateVersion(platform.registry, tester, demo.versionId, version)
  return demo.publish()
}

test('a Redis that comes back without its newest writes: what is published then is served, under a number that was in use too', async () => {
  await platform.registry.redis.save()
  const lost = await publishEdition(1)
  await until(async () => (await pathsSeen()) === '/edition-1/accounts/1/balance')

  await platform.redis.kill()
  expect(await pathsSeen()).toBe('/edition-1/accounts/1/balance')
  await platform.redis.start()
  const again = await until(() => publishEdition(2), { timeoutMs: 20_000 })
  expect(again).toBe(lost)
  await until(async () => (await pathsSeen()) === '/edition-2/accounts/1/balance', { timeoutMs: 20_000 })
}, 60_000)
