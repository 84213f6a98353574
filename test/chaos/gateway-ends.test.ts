import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { callOnce, connections, underLoad } from '../support/load.ts'
import { type Demo, type Platform, publishDemo, startPlatform } from '../support/platform.ts'
import { freePort } from '../support/redis.ts'
import { startTarget, type TargetProcess } from '../support/target-process.ts'
import { until } from '../support/until.ts'
import { answerTo, openCall, startService } from '../support/wire.ts'

let platform: Platform
let target: TargetProcess
let demo: Demo

beforeAll(async () => {
  ;[platform, target] = await Promise.all([startPlatform(), startTarget()])
  demo = await publishDemo(platform, { targets: [{ url: target.url }] })
}, 60_000)
afterAll(async () => {
  await platform?.close()
  await target?.kill()
})

const pay = (url: string, id: string, agent?: ReturnType<typeof connections>) =>
  callOnce(`${url}/payments/v1/payment`, {
    method: 'POST',
    body: '{"amount":1}',
    headers: { 'x-api-key': demo.key, 'x-call': id },
    agent,
  })

describe('a gateway', () => {
  test('that is killed (kill -9) costs the calls it had, doubles none, and is back at the same port', async () => {
    const agent = connections(8)
    const gateway = await platform.gateway({ GATEWAY_PORT: String(await freePort()), LOG_ACCESS: 'off' })
    await gateway.serves(demo.snapshot)
    const answered = new Set<string>()
    const load = await underLoad(
      {
        workers: 8,
        call: async (n) => {
          const answer = await pay(gateway.url, `kill-${n}`, agent)
          answered.add(`POST kill-${n}`)
          return answer
        },
      },
      async ({ total, counts }) => {
        await until(() => total() > 200, { timeoutMs: 20_000 })
        await gateway.kill()
        const next = await platform.gateway({
          GATEWAY_PORT: String(gateway.port),
          DATA_DIR: gateway.dataDir,
          LOG_ACCESS: 'off',
        })
        await next.serves(demo.snapshot)
        const served = counts.get(200)!
        await until(() => counts.get(200)! > served + 100, { timeoutMs: 20_000 })
      },
    )
    agent.destroy()
    // Connections broke, or were refused; whatever was answered was answered rightly.
    expect([...load.counts.keys()].every((what) => what === 200 || what === 'error')).toBe(true)
    const heard = target.heard()
    expect(new Set(heard).size).toBe(heard.length)
    for (const id of answered) expect(heard).toContain(id)
  }, 60_000)

  test('that gets SIGTERM, and SIGTERM again, finishes what it has, takes nothing more, and ends with 0', async () => {
    let answer: () => void = () => {}
    const slow = await startService((_, res) => {
      answer = () => res.end('paid')
    })
    const api = await publishDemo(platform, { name: 'slow', targets: [{ url: slow.url }] })
    const gateway = await platform.gateway({ GATEWAY_DRAIN_TIMEOUT_MS: '20000' })
    await gateway.serves(api.snapshot)
    const req = openCall(`${gateway.url}/slow/v1/payment`, {
      method: 'POST',
      headers: { 'x-api-key': api.key },
    })
    req.end('{}')
    await until(() => gateway.metrics().then((text) => text.includes('gateway_requests_in_flight 1\n')))
    const ended = gateway.stop()
    await until(async () => !(await gateway.readiness()).isReady)
    expect(await gateway.metrics()).toContain('gateway_draining 1\n')
    process.kill(gateway.pid, 'SIGTERM')
    await until(() =>
      pay(gateway.url, 'late').then(
        () => false,
        ({ code }) => code === 'ECONNREFUSED',
      ),
    )
    answer()
    const { status, headers, body } = await answerTo(req)
    expect([status, headers.connection, body.toString()]).toEqual([200, 'close', 'paid'])
    expect(await ended).toBe(0)
    expect(gateway.output()).toContain('"msg":"stopped"')
    await slow.close()
  }, 60_000)

  test('whose time for draining is over cuts what is left, and ends with 0 all the same', async () => {
    const silent = await startService(() => {})
    const api = await publishDemo(platform, { name: 'silent', targets: [{ url: silent.url }] })
    const gateway = await platform.gateway({ GATEWAY_DRAIN_TIMEOUT_MS: '300' })
    await gateway.serves(api.snapshot)
    const req = openCall(`${gateway.url}/silent/v1/payment`, {
      method: 'POST',
      headers: { 'x-api-key': api.key },
    })
    const outcome = new Promise((resolve) => req.once('error', resolve).once('response', resolve))
    req.end('{}')
    await until(() => gateway.metrics().then((text) => text.includes('gateway_requests_in_flight 1\n')))
    expect(await gateway.stop()).toBe(0)
    expect(await outcome).toMatchObject({ code: 'ECONNRESET' })
    await silent.close()
  }, 60_000)
})
