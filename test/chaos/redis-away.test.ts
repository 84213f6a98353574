import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { underLoad } from '../support/load.ts'
import { fetchToken } from '../support/oauth-token.ts'
import { type ApiName, type StoreStage, startStoreStage } from '../support/store-stage.ts'
import { until } from '../support/until.ts'

/** Long, so that a call that waits for Redis is told from one that does not, on a busy machine, too. */
const timeoutMs = 3_000

let stage: StoreStage
beforeAll(async () => {
  stage = await startStoreStage(() => ({ REDIS_TIMEOUT_MS: String(timeoutMs) }))
}, 60_000)
afterAll(() => stage?.close())

/** The gateway says that it is without Redis, and that it serves nevertheless. */
async function saysAway() {
  const { gateway } = stage
  await until(async () => (await gateway.readiness()).redis === 'away')
  expect((await gateway.readiness()).isReady).toBe(true)
  expect(await gateway.metrics()).toContain('gateway_redis_connected 0\n')
  const hasErrors = async () => /gateway_store_errors_total [1-9]/.test(await gateway.metrics())
  await until(hasErrors, { timeoutMs: 4 * timeoutMs })
}

describe('while Redis is away', () => {
  test('known callers are served, limits do as they are told, strangers have to wait; then all recovers', async () => {
    const { gateway, apis, platform, ask } = stage
    const token = { authorization: `Bearer ${await fetchToken(gateway.url, apis.plain)}` }
    const newcomer = await stage.stranger('newcomer')
    await stage.introduce()
    for (let i = 0; i < 16; i++) expect(await ask('plain', token)).toBe(200)
    const known: [ApiName, { key: string } | Record<string, string>][] = [
      ['plain', apis.plain],
      ['plain', token],
      ['allowing', apis.allowing],
    ]
    const call = (n: number) => stage.call(...known[n % known.length]!)
    const load = await underLoad({ workers: 8, call }, async ({ total }) => {
      await platform.redis.kill()
      await saysAway()
      const from = total()
      expect(await ask('refusing', apis.refusing)).toBe('store-unavailable')
      expect(await ask('plain', newcomer)).toBe('store-unavailable')
      expect(await ask('plain', { key: 'nonsense' })).toBe('credential-invalid')
      await until(() => total() > from + 500, { timeoutMs: 20_000 })
      await platform.redis.start()
      await stage.recovers('after-kill')
      await until(async () => (await ask('plain', newcomer)) === 200)
    })
    expect(load.faults).toEqual([])
    expect(load.worstMs()).toBeLessThan(timeoutMs) // nobody waited for Redis
  }, 60_000)

  test('a gateway that starts serves the last snapshot that it had in force', async () => {
    const { apis, platform, ask } = stage
    const { dataDir } = await platform.gateway()
    await platform.redis.kill()
    const started = await platform.gateway({ DATA_DIR: dataDir })
    const readiness = await started.readiness()
    expect(readiness).toMatchObject({ isReady: true, snapshotFrom: 'file', redis: 'away' })
    expect(readiness.snapshotAgeSeconds).toBeGreaterThanOrEqual(0)
    expect(await started.metrics()).toContain('gateway_snapshot_from_file 1\n')
    expect(await ask('plain', apis.plain, started)).toBe('store-unavailable')
    await platform.redis.start()
    await until(async () => (await ask('plain', apis.plain, started)) === 200)
    await until(async () => (await started.readiness()).snapshotFrom === 'redis')
    await started.stop()
  }, 60_000)

  test('a gateway that starts without a snapshot waits for one', async () => {
    const { apis, platform, ask } = stage
    await platform.redis.kill()
    const started = await platform.gateway()
    expect(await started.readiness()).toMatchObject({ isReady: false, snapshot: -1 })
    const refused = await stage.call('plain', apis.plain, started)
    expect(JSON.parse(refused.body.toString()).code).toBe('not-ready')
    expect(refused.headers['retry-after']).toBe('1')
    await platform.redis.start()
    await until(async () => (await ask('plain', apis.plain, started)) === 200, { timeoutMs: 15_000 })
    await until(async () => (await started.readiness()).isReady)
    expect(await started.readiness()).toMatchObject({ snapshotFrom: 'redis' })
    await started.stop()
  }, 60_000)
})

describe('while Redis hangs (SIGSTOP)', () => {
  test('known callers wait for nothing, and limits wait once for all; then all recovers', async () => {
    const { apis, platform, ask } = stage
    const newcomer = await stage.stranger('late-comer')
    await stage.introduce()
    const call = () => stage.call('plain', apis.plain)
    const load = await underLoad({ workers: 4, call }, async () => {
      process.kill(platform.redis.pid, 'SIGSTOP')
      try {
        await saysAway()
        // At most one timeout for each thread, however many calls; after it the answer comes at once.
        const begunAt = performance.now()
        for (let i = 0; i < 20; i++) expect(await ask('allowing', apis.allowing)).toBe(200)
        for (let i = 0; i < 20; i++) expect(await ask('refusing', apis.refusing)).toBe('store-unavailable')
        expect(await ask('plain', newcomer)).toBe('store-unavailable')
        expect(performance.now() - begunAt).toBeLessThan(4 * timeoutMs)
      } finally {
        process.kill(platform.redis.pid, 'SIGCONT')
      }
      await stage.recovers('after-stop')
    })
    expect(load.faults).toEqual([])
    expect(load.worstMs()).toBeLessThan(timeoutMs)
  }, 60_000)

  test('a gateway that starts serves the last snapshot that it had in force', async () => {
    const { apis, platform, ask } = stage
    const { dataDir } = await platform.gateway()
    process.kill(platform.redis.pid, 'SIGSTOP')
    try {
      const started = await platform.gateway({ DATA_DIR: dataDir })
      expect(await started.readiness()).toMatchObject({ isReady: true, snapshotFrom: 'file' })
      process.kill(platform.redis.pid, 'SIGCONT')
      await until(async () => (await ask('plain', apis.plain, started)) === 200, { timeoutMs: 15_000 })
      await until(async () => (await started.readiness()).snapshotFrom === 'redis')
      await started.stop()
    } finally {
      process.kill(platform.redis.pid, 'SIGCONT')
    }
  }, 60_000)
})
