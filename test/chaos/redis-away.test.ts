import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { revokeCredential } from '../../registry/credentials.ts'
import type { PolicyConfigs } from '../../registry/model.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { type Answer, callOnce, connections, startLoad } from '../support/load.ts'
import { fetchToken } from '../support/oauth-token.ts'
import {
  addPartner,
  type Demo,
  type Platform,
  publishDemo,
  startPlatform,
  tester,
} from '../support/platform.ts'
import { until } from '../support/until.ts'

/** Long, so that a call that waits for Redis is told from one that does not, on a busy machine, too. */
const timeoutMs = 3_000

let platform: Platform
let echo: Echo
let gateway: GatewayProcess
let plain: Demo
let allowing: Demo
let refusing: Demo
const agent = connections(8)

beforeAll(async () => {
  ;[platform, echo] = await Promise.all([startPlatform(), startEcho({ keeps: false })])
  const api = (name: string, policies: PolicyConfigs = {}) =>
    publishDemo(platform, { name, policies, targets: [{ url: echo.url }] })
  const limit = { limit: 1_000_000, windowSeconds: 60 }
  plain = await api('plain')
  allowing = await api('allowing', { 'rate-limit': { ...limit, whenStoreFails: 'allow' } })
  refusing = await api('refusing', { 'rate-limit': { ...limit, whenStoreFails: 'refuse' } })
  gateway = await platform.gateway({ LOG_ACCESS: 'off', REDIS_TIMEOUT_MS: String(timeoutMs) })
}, 60_000)

beforeEach(async () => {
  await until(async () => (await gateway.readiness()).redis === 'connected')
})

afterAll(async () => {
  agent.destroy()
  await platform?.close()
  await echo?.close()
})

const call = (api: string, headers: Record<string, string>, at = gateway) =>
  callOnce(`${at.url}/${api}/v1/accounts/1/balance`, { headers, agent })
const withKey = ({ key }: { key: string }) => ({ 'x-api-key': key })
const codeOf = ({ status, body }: Answer) => (status === 200 ? 200 : JSON.parse(body.toString()).code)
const stranger = (name: string) => addPartner(platform.registry, name, plain.versionId)

/** Makes callers known to both threads. */
async function introduce(...callers: [string, Record<string, string>][]) {
  for (const [api, headers] of callers) {
    const answers = await Promise.all(Array.from({ length: 16 }, () => call(api, headers)))
    expect(answers.map(codeOf)).toEqual(answers.map(() => 200))
  }
}

/** The gateway says that it is without Redis, and that it serves nevertheless. */
async function saysAway() {
  await until(async () => (await gateway.readiness()).redis === 'away')
  expect((await gateway.readiness()).isReady).toBe(true)
  expect(await gateway.metrics()).toContain('gateway_redis_connected 0\n')
  const hasErrors = async () => /gateway_store_errors_total [1-9]/.test(await gateway.metrics())
  await until(hasErrors, { timeoutMs: 4 * timeoutMs })
}

/** Everything that needs Redis works again, without a restart. */
async function recovers(newcomer: { key: string; keyId: string }) {
  await until(async () => codeOf(await call('plain', withKey(newcomer))) === 200, { timeoutMs: 15_000 })
  await until(async () => (await gateway.readiness()).redis === 'connected')
  expect(await gateway.metrics()).toContain('gateway_redis_connected 1\n')
  const number = await until(() => plain.publish()) // the test's own client has to come back, too
  await gateway.serves(number)
  await until(async () => (await call('refusing', withKey(refusing))).headers.ratelimit !== undefined)
  await revokeCredential(platform.registry, tester, newcomer.keyId)
  await until(async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => call('plain', withKey(newcomer))))
    return answers.every(({ status }) => status === 401)
  })
}

describe('while Redis is away', () => {
  test('known callers are served, limits do as they are told, strangers have to wait; then all recovers', async () => {
    const token = { authorization: `Bearer ${await fetchToken(gateway.url, plain)}` }
    const newcomer = await stranger('newcomer')
    const known: [string, Record<string, string>][] = [
      ['plain', withKey(plain)],
      ['plain', token],
      ['allowing', withKey(allowing)],
    ]
    await introduce(...known, ['refusing', withKey(refusing)])
    const load = startLoad({
      workers: 8,
      call: (n) => call(...known[n % known.length]!),
    })
    await platform.redis.kill()
    await saysAway()
    const from = load.total()
    expect(codeOf(await call('refusing', withKey(refusing)))).toBe('store-unavailable')
    expect(codeOf(await call('plain', withKey(newcomer)))).toBe('store-unavailable')
    expect(codeOf(await call('plain', { 'x-api-key': 'nonsense' }))).toBe('credential-invalid')
    await until(() => load.total() > from + 500, { timeoutMs: 20_000 })
    await platform.redis.start()
    await recovers(newcomer)
    await load.stop()
    expect(load.faults).toEqual([])
    expect(load.worstMs()).toBeLessThan(timeoutMs) // nobody waited for Redis
  }, 60_000)

  test('a gateway that starts serves the last snapshot that it had in force', async () => {
    const { dataDir } = await platform.gateway()
    await platform.redis.kill()
    const started = await platform.gateway({ DATA_DIR: dataDir })
    expect(await started.readiness()).toMatchObject({ isReady: true, snapshotFrom: 'file', redis: 'away' })
    expect(codeOf(await call('plain', withKey(plain), started))).toBe('store-unavailable')
    expect(codeOf(await call('nothing', withKey(plain), started))).toBe('route-unknown')
    await platform.redis.start()
    await until(async () => codeOf(await call('plain', withKey(plain), started)) === 200)
    await until(async () => (await started.readiness()).snapshotFrom === 'redis')
    await started.stop()
  }, 60_000)

  test('a gateway that starts without a snapshot waits for one', async () => {
    await platform.redis.kill()
    const started = await platform.gateway()
    expect(await started.readiness()).toMatchObject({ isReady: false, snapshot: -1 })
    const refused = await call('plain', withKey(plain), started)
    expect(codeOf(refused)).toBe('not-ready')
    expect(refused.headers['retry-after']).toBe('1')
    await platform.redis.start()
    await until(async () => codeOf(await call('plain', withKey(plain), started)) === 200, {
      timeoutMs: 15_000,
    })
    expect(await started.readiness()).toMatchObject({ isReady: true, snapshotFrom: 'redis' })
    await started.stop()
  }, 60_000)
})

describe('while Redis hangs', () => {
  test('known callers wait for nothing, and limits wait once for all; then all recovers', async () => {
    const newcomer = await stranger('late-comer')
    await introduce(
      ['plain', withKey(plain)],
      ['allowing', withKey(allowing)],
      ['refusing', withKey(refusing)],
    )
    const load = startLoad({ workers: 4, call: () => call('plain', withKey(plain)) })
    process.kill(platform.redis.pid, 'SIGSTOP')
    try {
      await saysAway()
      // At most one timeout for each thread, however many calls; after it the answer comes at once.
      const begunAt = performance.now()
      for (let i = 0; i < 20; i++) expect(codeOf(await call('allowing', withKey(allowing)))).toBe(200)
      for (let i = 0; i < 20; i++)
        expect(codeOf(await call('refusing', withKey(refusing)))).toBe('store-unavailable')
      expect(codeOf(await call('plain', withKey(newcomer)))).toBe('store-unavailable')
      expect(performance.now() - begunAt).toBeLessThan(4 * timeoutMs)
    } finally {
      process.kill(platform.redis.pid, 'SIGCONT')
    }
    await recovers(newcomer)
    await load.stop()
    expect(load.faults).toEqual([])
    expect(load.worstMs()).toBeLessThan(timeoutMs)
  }, 60_000)

  test('a gateway that starts serves the last snapshot that it had in force', async () => {
    const { dataDir } = await platform.gateway()
    process.kill(platform.redis.pid, 'SIGSTOP')
    try {
      const started = await platform.gateway({ DATA_DIR: dataDir })
      expect(await started.readiness()).toMatchObject({ isReady: true, snapshotFrom: 'file' })
      process.kill(platform.redis.pid, 'SIGCONT')
      await until(async () => codeOf(await call('plain', withKey(plain), started)) === 200, {
        timeoutMs: 15_000,
      })
      await until(async () => (await started.readiness()).snapshotFrom === 'redis')
      await started.stop()
    } finally {
      process.kill(platform.redis.pid, 'SIGCONT')
    }
  }, 60_000)
})
