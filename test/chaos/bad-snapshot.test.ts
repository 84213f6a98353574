import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { updateVersion } from '../../registry/apis.ts'
import { listGateways } from '../../registry/gateways.ts'
import { VersionInput } from '../../registry/model.ts'
import { publish } from '../../registry/snapshot.ts'
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

describe('a snapshot that gateways cannot take', () => {
  test('what cannot be compiled leaves the old table in force, and is said everywhere', async () => {
    const good = await publishEdition(400)
    await servesSoon(good)
    const broken = versionInput({ policies: { 'rate-limit': { limit: 'many' } } })
    await updateVersion(platform.registry, tester, demo.versionId, broken)
    const unchecked = { checkPolicy: () => [] }
    const { snapshot } = await publish(platform.registry, tester, { apis: [demo.apiId] }, unchecked)
    await saysFault(`snapshot ${snapshot.number}: `)
    expect(await gateway.readiness()).toMatchObject({ isReady: true, snapshot: good, threads: [good, good] })
    expect(await pathsSeen()).toEqual(new Set(['/edition-400/accounts/1/balance']))

    await servesSoon(await publishEdition(401))
    await saysFault('')
  })

  test('a snapshot that is lost in Redis is said, too, and a rollback to the one in force settles it', async () => {
    const good = await publishEdition(500)
    await servesSoon(good)
    await platform.registry.redis.set(platform.registry.keys.currentSnapshot(), '999999')
    await saysFault('snapshot 999999: ')
    expect(await pathsSeen()).toEqual(new Set(['/edition-500/accounts/1/balance']))
    await platform.registry.redis.set(platform.registry.keys.currentSnapshot(), String(good))
    await saysFault('')
  })

  test('a registry that has lost everything does not empty the gateway', async () => {
    const { redis, keys } = platform.registry
    const good = await publishEdition(600)
    await servesSoon(good)
    await redis.del(keys.currentSnapshot())
    await saysFault('snapshot 0: ')
    expect(await gateway.readiness()).toMatchObject({ isReady: true, snapshot: good })
    expect((await call()).status).toBe(200)
    await redis.set(keys.currentSnapshot(), String(good))
    await saysFault('')
  })

  test('does not keep a gateway from starting: it serves what it last had in force', async () => {
    const good = await publishEdition(700)
    await servesSoon(good)
    const broken = versionInput({ policies: { 'rate-limit': { limit: 'many' } } })
    await updateVersion(platform.registry, tester, demo.versionId, broken)
    await publish(platform.registry, tester, { apis: [demo.apiId] }, { checkPolicy: () => [] })
    await until(async () => (await gateway.readiness()).lastError !== '')
    expect(await gateway.stop()).toBe(0)
    gateway = await platform.gateway({ LOG_ACCESS: 'off', DATA_DIR: gateway.dataDir })
    expect(await gateway.readiness()).toMatchObject({ isReady: true, snapshot: good, snapshotFrom: 'file' })
    expect(await pathsSeen()).toEqual(new Set(['/edition-700/accounts/1/balance']))
  }, 60_000)
})

/** In readiness, metrics, and the heartbeat that the console shows; '' stands for none. */
async function saysFault(beginning: string) {
  const isSaid = (text: string) => (beginning === '' ? text === '' : text.startsWith(beginning))
  await until(async () => isSaid((await gateway.readiness()).lastError))
  const refused = `gateway_snapshot_refused ${beginning === '' ? 0 : 1}\n`
  expect(await gateway.metrics()).toContain(refused)
  await until(async () => (await listGateways(platform.registry)).every(({ lastError }) => isSaid(lastError)))
}
