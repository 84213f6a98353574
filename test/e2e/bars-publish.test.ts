import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { updateVersion } from '../../registry/apis.ts'
import { VersionInput } from '../../registry/model.ts'
import { rollback } from '../../registry/snapshot.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { callOnce, connections, startLoad } from '../support/load.ts'
import { type Demo, type Platform, publishDemo, startPlatform, tester } from '../support/platform.ts'
import { until } from '../support/until.ts'

let platform: Platform
let echo: Echo
let gateway: GatewayProcess
let demo: Demo
const agent = connections(12)

beforeAll(async () => {
  ;[platform, echo] = await Promise.all([startPlatform(), startEcho({ keeps: false })])
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
async function pathsSeen(): Promise<Set<string>> {
  const answers = await Promise.all(Array.from({ length: 12 }, call))
  return new Set(answers.map(({ body }) => JSON.parse(body.toString()).url))
}

const versionInput = (changes: Partial<VersionInput>) =>
  VersionInput.parse({
    name: 'v1',
    routing: { by: 'path', basePath: '/payments/v1' },
    upstreams: { live: demo.upstreamId },
    ...changes,
  })

/** Publishes the API so that the service sees its calls under `/edition-<n>`. */
async function publishEdition(n: number): Promise<number> {
  await updateVersion(
    platform.registry,
    tester,
    demo.versionId,
    versionInput({ upstreamPath: `/edition-${n}` }),
  )
  return demo.publish()
}

const servesSoon = (number: number) =>
  until(async () => (await gateway.readiness()).threads.every((served) => served === number), {
    timeoutMs: 1_000,
  })

describe('publishing', () => {
  test('100 times under load fails no call, and every thread serves each within a second', async () => {
    const load = startLoad({ workers: 12, call })
    for (let n = 1; n <= 100; n++) {
      await servesSoon(await publishEdition(n))
      expect(await pathsSeen()).toEqual(new Set([`/edition-${n}/accounts/1/balance`]))
    }
    await load.stop()
    expect(load.faults).toEqual([])
    expect(load.total()).toBeGreaterThan(1_000)
  }, 120_000)

  test('publishes in quick succession end with the last one', async () => {
    let last = 0
    for (let n = 200; n < 220; n++) last = await publishEdition(n)
    await servesSoon(last)
    expect(await pathsSeen()).toEqual(new Set(['/edition-219/accounts/1/balance']))
  })

  test('a rollback is served by every thread within a second', async () => {
    const before = await publishEdition(300)
    await servesSoon(await publishEdition(301))
    await rollback(platform.registry, tester, before)
    await servesSoon(before)
    expect(await pathsSeen()).toEqual(new Set(['/edition-300/accounts/1/balance']))
  })
})
