import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { updateVersion } from '../../registry/apis.ts'
import { listGateways } from '../../registry/gateways.ts'
import { publish } from '../../registry/snapshot.ts'
import { type Editions, startEditions } from '../support/editions.ts'
import { tester } from '../support/platform.ts'
import { until } from '../support/until.ts'

let editions: Editions
beforeAll(async () => {
  editions = await startEditions()
}, 60_000)
afterAll(() => editions?.close())

describe('a snapshot that gateways cannot take', () => {
  test('what cannot be compiled leaves the old table in force, and is said everywhere', async () => {
    const good = await editions.publish(400)
    await editions.servesSoon(good)
    const broken = editions.versionInput({ policies: { 'rate-limit': { limit: 'many' } } })
    await updateVersion(editions.platform.registry, tester, editions.demo.versionId, broken)
    const unchecked = { checkPolicy: () => [] }
    const { snapshot } = await publish(
      editions.platform.registry,
      tester,
      { apis: [editions.demo.apiId] },
      unchecked,
    )
    await saysFault(`snapshot ${snapshot.number}: `)
    expect(await editions.gateway.readiness()).toMatchObject({
      isReady: true,
      snapshot: good,
      threads: [good, good],
    })
    expect(await editions.pathsSeen()).toEqual(new Set(['/edition-400/accounts/1/balance']))

    await editions.servesSoon(await editions.publish(401))
    await saysFault('')
  })

  test('a snapshot that is lost in Redis is said, too, and a rollback to the one in force settles it', async () => {
    const good = await editions.publish(500)
    await editions.servesSoon(good)
    await editions.platform.registry.redis.set(editions.platform.registry.keys.currentSnapshot(), '999999')
    await saysFault('snapshot 999999: ')
    expect(await editions.pathsSeen()).toEqual(new Set(['/edition-500/accounts/1/balance']))
    await editions.platform.registry.redis.set(
      editions.platform.registry.keys.currentSnapshot(),
      String(good),
    )
    await saysFault('')
  })

  test('a registry that has lost everything does not empty the gateway', async () => {
    const { redis, keys } = editions.platform.registry
    const good = await editions.publish(600)
    await editions.servesSoon(good)
    await redis.del(keys.currentSnapshot())
    await saysFault('snapshot 0: ')
    expect(await editions.gateway.readiness()).toMatchObject({ isReady: true, snapshot: good })
    expect((await editions.call()).status).toBe(200)
    await redis.set(keys.currentSnapshot(), String(good))
    await saysFault('')
  })

  test('does not keep a gateway from starting: it serves what it last had in force', async () => {
    const good = await editions.publish(700)
    await editions.servesSoon(good)
    const broken = editions.versionInput({ policies: { 'rate-limit': { limit: 'many' } } })
    await updateVersion(editions.platform.registry, tester, editions.demo.versionId, broken)
    await publish(
      editions.platform.registry,
      tester,
      { apis: [editions.demo.apiId] },
      { checkPolicy: () => [] },
    )
    await until(async () => (await editions.gateway.readiness()).lastError !== '')
    expect(await editions.restart()).toBe(0)
    expect(await editions.gateway.readiness()).toMatchObject({
      isReady: true,
      snapshot: good,
      snapshotFrom: 'file',
    })
    expect(await editions.pathsSeen()).toEqual(new Set(['/edition-700/accounts/1/balance']))
  }, 60_000)
})

/** In readiness, metrics, and the heartbeat that the console shows; '' stands for none. */
async function saysFault(beginning: string) {
  const isSaid = (text: string) => (beginning === '' ? text === '' : text.startsWith(beginning))
  await until(async () => isSaid((await editions.gateway.readiness()).lastError))
  const refused = `gateway_snapshot_refused ${beginning === '' ? 0 : 1}\n`
  expect(await editions.gateway.metrics()).toContain(refused)
  await until(async () =>
    (await listGateways(editions.platform.registry)).every(({ lastError }) => isSaid(lastError)),
  )
}
