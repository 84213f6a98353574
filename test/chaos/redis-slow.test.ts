import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { underLoad } from '../support/load.ts'
import { type ApiName, type StoreStage, startStoreStage } from '../support/store-stage.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

/** The gateway's patience with Redis. */
const timeoutMs = 2_000

let stage: StoreStage
let proxy: TcpProxy
beforeAll(async () => {
  stage = await startStoreStage(async ({ redis }) => {
    proxy = await startTcpProxy(redis.port)
    return { REDIS_URL: `redis://127.0.0.1:${proxy.port}`, REDIS_TIMEOUT_MS: String(timeoutMs) }
  })
}, 60_000)
afterAll(async () => {
  await stage?.close()
  await proxy?.close()
})

const load = (...names: ApiName[]) => ({
  workers: 4,
  call: (n: number) => {
    const name = names[n % names.length]!
    return stage.call(name, stage.apis[name])
  },
})

describe('while Redis', () => {
  test('is slow: every call is served, those that need Redis by its time; then all recovers', async () => {
    const { gateway, ask } = stage
    const newcomer = await stage.stranger('patient')
    await stage.introduce()
    const { faults } = await underLoad(load('plain', 'allowing', 'refusing'), async ({ total }) => {
      proxy.delayMs = 150
      const from = total()
      expect(await ask('plain', newcomer)).toBe(200)
      await until(() => total() > from + 30, { timeoutMs: 30_000 })
      expect((await gateway.readiness()).isReady).toBe(true)
      proxy.delayMs = 0
      await stage.recovers('after-slow')
    })
    expect(faults).toEqual([])
  }, 60_000)

  test('is slower than it may be: known callers do not wait for it, limits do as they are told', async () => {
    const { gateway, apis, ask } = stage
    await stage.introduce()
    const { faults } = await underLoad(load('plain', 'allowing'), async ({ total }) => {
      proxy.delayMs = timeoutMs
      await until(async () => (await ask('refusing', apis.refusing)) === 'store-unavailable', {
        timeoutMs: 20_000,
      })
      await until(async () => (await gateway.readiness()).redis === 'away', { timeoutMs: 20_000 })
      const from = total()
      await until(() => total() > from + 200, { timeoutMs: 30_000 })
      expect((await gateway.readiness()).isReady).toBe(true)
      proxy.delayMs = 0
      await stage.recovers('after-slower')
    })
    expect(faults).toEqual([])
  }, 60_000)

  test('takes no more connections: it counts as away, and all recovers', async () => {
    const { gateway, apis, ask, platform } = stage
    await stage.introduce()
    const { redis } = platform.registry
    const { faults } = await underLoad(load('plain', 'allowing'), async () => {
      await redis.config('SET', 'maxclients', '1')
      try {
        await redis.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES')
        await until(async () => (await gateway.readiness()).redis === 'away')
        expect(await ask('refusing', apis.refusing)).toBe('store-unavailable')
        expect((await gateway.readiness()).isReady).toBe(true)
      } finally {
        await redis.config('SET', 'maxclients', '1000')
      }
      await stage.recovers('after-crowd')
    })
    expect(faults).toEqual([])
  }, 60_000)

  test('reads its file after a start (LOADING): it counts as away, and all recovers', async () => {
    const { gateway, apis, ask, platform } = stage
    await stage.introduce()
    const { redis } = platform.registry
    await redis.bgrewriteaof() // into the form whose reading can be slowed down
    await until(async () => /aof_rewrite_in_progress:0/.test(await redis.info('persistence')))
    const { faults } = await underLoad(load('plain', 'allowing'), async () => {
      await platform.redis.kill()
      const loading = await platform.redis.startLoading()
      try {
        await until(async () => (await gateway.readiness()).redis === 'away')
        expect(await ask('refusing', apis.refusing)).toBe('store-unavailable')
        expect(await ask('plain', { key: 'nonsense' })).toBe('credential-invalid')
        expect((await gateway.readiness()).isReady).toBe(true)
      } finally {
        await loading.end()
      }
      await stage.recovers('after-loading')
    })
    expect(faults).toEqual([])
  }, 60_000)
})
