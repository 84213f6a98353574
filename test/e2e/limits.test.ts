import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { scanKeys } from '../../registry/redis.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { type Answer, callOnce, connections } from '../support/load.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { upstream } from '../support/upstream.ts'
import { startService } from '../support/wire.ts'

let stage: Stage
let echo: Echo
let second: GatewayProcess
const agent = connections(16)

beforeAll(async () => {
  ;[stage, echo] = await Promise.all([startStage({ LOG_ACCESS: 'off' }), startEcho({ keeps: false })])
  second = await stage.platform.gateway({ LOG_ACCESS: 'off' })
}, 60_000)
afterAll(async () => {
  agent.destroy()
  await stage?.close()
  await echo?.close()
})

const path = '/accounts/1/balance'
const codeOf = ({ status, body }: Answer) => (status === 200 ? 200 : JSON.parse(body.toString()).code)
/** An API on both gateways. */
async function api(name: string, options: Parameters<Stage['api']>[1]): Promise<StagedApi> {
  const staged = await stage.api(name, options)
  await second.serves(staged.snapshot)
  return staged
}
const at = (gateway: { url: string }, to: StagedApi, headers: Record<string, string> = {}) =>
  callOnce(gateway.url + to.path + path, { headers: { 'x-api-key': to.key, ...headers }, agent })
const pay = (to: StagedApi, body: string, headers: Record<string, string> = {}) =>
  callOnce(`${to.url}/payment`, {
    method: 'POST',
    headers: { 'x-api-key': to.key, 'content-type': 'application/json', ...headers },
    body,
    agent,
  })

describe('two gateways', () => {
  test('ask Redis for one call in fifty at most, with limit, quota and key', async () => {
    const policies = {
      'rate-limit': { limit: 1_000_000, windowSeconds: 60 },
      quota: { limit: 100_000_000, period: 'month' },
      concurrency: { limit: 10_000 },
    }
    const to = await api('many', { targets: [{ url: echo.url }], policies })
    const questions = async () => {
      const info = await stage.platform.registry.redis.info('commandstats')
      const stats = [...info.matchAll(/cmdstat_(evalsha|eval|hget|hmget|get|zrange|zmscore):calls=(\d+)/g)]
      return stats.reduce((sum, [, , count]) => sum + Number(count), 0)
    }
    const load = async (calls: number) => {
      let sent = 0
      const work = async (gateway: { url: string }) => {
        while (sent++ < calls) expect((await at(gateway, to)).status).toBe(200)
      }
      await Promise.all(Array.from({ length: 16 }, (_, i) => work(i % 2 ? stage.gateway : second)))
    }
    await load(1_000) // until leases are as large as they are spent
    const [before, startedAt] = [await questions(), performance.now()]
    const calls = 4_000
    await load(calls)
    const seconds = (performance.now() - startedAt) / 1_000
    // A machine that is busy otherwise may be slower than what a lease is made for: it lives a second at most.
    const forLimits = Math.max(0.02 * calls, 30 * seconds)
    // What was served is counted by a few commands a second and gateway, however many calls there were.
    const forCounts = 2 * 12 * (seconds + 1)
    expect((await questions()) - before).toBeLessThan(forLimits + forCounts)
  }, 60_000)

  test('share a quota, and say how much is left and when more comes', async () => {
    const to = await api('quota', { targets: [{ url: echo.url }], policies: { quota: { limit: 3 } } })
    const answers = [await at(stage.gateway, to), await at(second, to), await at(stage.gateway, to)]
    expect(answers.map(codeOf)).toEqual([200, 200, 200])
    expect(answers[2]!.headers['ratelimit-policy']).toBe('"day";q=3;w=86400')
    expect(answers[2]!.headers.ratelimit).toMatch(/^"day";r=0;t=\d+$/)
    const refused = await at(second, to)
    expect([refused.status, codeOf(refused)]).toEqual([429, 'quota-exceeded'])
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(86_400)
    expect(refused.headers['x-ratelimit-limit']).toBe('3')
  })

  test('share calls in flight', async () => {
    const slow = stage.keep(await startEcho({ delayMs: 300 }))
    const to = await api('flight', { targets: [{ url: slow.url }], policies: { concurrency: { limit: 4 } } })
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, i) => at(i % 2 ? stage.gateway : second, to)),
    )
    expect(slow.maxInFlight()).toBeLessThanOrEqual(4)
    const refused = answers.filter(({ status }) => status !== 200)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.map(codeOf)).toEqual(refused.map(() => 'concurrency-exceeded'))
    expect(refused[0]!.headers['retry-after']).toBe('1')
  })
})

describe('a slot of a call in flight is given back', () => {
  const policies = { concurrency: { limit: 1 } }
  /** One at a time, so each needs the slot of the one before. */
  async function again(to: StagedApi, once: () => Promise<unknown>) {
    for (let i = 0; i < 3; i++) {
      await once()
      await free(to)
    }
  }
  /** Nothing is booked in Redis any more. */
  async function free(to: StagedApi) {
    const { redis, keys } = stage.platform.registry
    const booked = `${keys.limit(to.partnerId, '')}`
    await until(async () => (await scanKeys(redis, booked)).every((key) => !key.endsWith(':flight')))
  }

  test('when it has its answer', async () => {
    const to = await api('ends', { targets: [{ url: echo.url }], policies })
    await again(to, async () => expect(codeOf(await at(stage.gateway, to))).toBe(200))
  })

  test.each([
    ['the service hangs up', 502, () => upstream().reads().thenHangsUp()],
    ['nobody listens', 502, () => upstream().refuses()],
    ['the service is silent', 504, () => upstream().neverAnswers()],
  ])('when %s', async (what, status, start) => {
    const service = stage.keep(await start())
    const to = await api(what.replaceAll(' ', '-'), {
      targets: [{ url: service.url }],
      upstream: { firstByteTimeoutMs: 100 },
      policies,
    })
    await again(to, async () => expect((await at(stage.gateway, to)).status).toBe(status))
  })

  test('when the caller goes away', async () => {
    const service = stage.keep(await upstream().neverAnswers())
    const to = await api('leaves', { targets: [{ url: service.url }], policies })
    let seen = 0
    await again(to, async () => {
      const req = request(to.url + path, { headers: { 'x-api-key': to.key } }).on('error', () => {})
      req.end()
      await until(() => service.seen.length > seen)
      seen = service.seen.length
      req.destroy()
    })
  })

  test('when a later policy or the service refuses the body', async () => {
    const to = await api('large', {
      targets: [{ url: echo.url }],
      policies: { ...policies, 'body-limit': { maxBytes: 10 } },
    })
    await again(to, async () => expect((await pay(to, 'x'.repeat(100))).status).toBe(413))
  })

  test('when a WebSocket closes, and not before', async () => {
    const service = stage.keep(await startService((_, res) => res.end()))
    new WebSocketServer({ server: service.server })
    const to = await api('socket', { targets: [{ url: service.url }], policies })
    await again(to, async () => {
      const socket = new WebSocket(to.url.replace('http', 'ws') + path, {
        headers: { 'x-api-key': to.key },
      })
      await once(socket, 'open')
      expect(codeOf(await at(second, to))).toBe('concurrency-exceeded')
      const end = once(socket, 'close')
      socket.close()
      await end
    })
  })
})

describe('limits', () => {
  test('that are only observed refuse nothing, and are seen in metrics', async () => {
    const to = await api('observed', {
      targets: [{ url: echo.url }],
      policies: { 'rate-limit': { limit: 2, mode: 'observe' } },
    })
    for (let i = 0; i < 5; i++) {
      const answer = await at(stage.gateway, to)
      expect(answer.status).toBe(200)
      expect(answer.headers.ratelimit).toBeUndefined()
    }
    const metrics = await stage.gateway.metrics()
    expect(metrics).toMatch(/gateway_limit_would_refuse_total\{.*policy="rate-limit".*\} 3\n/)
  })

  test('tell values in the body apart, and keep none of them in Redis', async () => {
    const to = await api('payers', {
      targets: [{ url: echo.url }],
      policies: { 'rate-limit': { limit: 1, per: { bodyPointer: '/payer/account' } } },
    })
    const from = (account: string) => pay(to, JSON.stringify({ payer: { account } }))
    expect(codeOf(await from('DE89370400440532013000'))).toBe(200)
    expect(codeOf(await from('NL91ABNA0417164300'))).toBe(200)
    expect(codeOf(await from('DE89370400440532013000'))).toBe('rate-limited')
    const { redis, keys } = stage.platform.registry
    const kept = (await scanKeys(redis, keys.limit(to.partnerId, ''))).join('\n')
    expect(kept).toContain('/payer/account')
    expect(kept).not.toMatch(/DE89|NL91/)
  })

  test('are taken all or none', async () => {
    const to = await api('together', {
      targets: [{ url: echo.url }],
      policies: { 'rate-limit': { limit: 5 }, quota: { limit: 2, per: { header: 'X-Payer' } } },
    })
    const one = { 'x-payer': 'one' }
    for (let i = 0; i < 2; i++) expect(codeOf(await at(stage.gateway, to, one))).toBe(200)
    // What the quota refuses costs nothing of the rate.
    for (let i = 0; i < 6; i++) expect(codeOf(await at(stage.gateway, to, one))).toBe('quota-exceeded')
    const left = await at(stage.gateway, to, { 'x-payer': 'two' })
    expect(left.headers.ratelimit).toMatch(/^"application";r=2;t=\d+, "day";r=1;t=\d+$/)
  })
})
