import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { UpstreamInput } from '../../registry/model.ts'
import { crashThreads, inspectable } from '../support/crash-thread.ts'
import { startHeldService } from '../support/held-service.ts'
import { addPartner } from '../support/platform.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { type Answer, answerTo, call, openCall } from '../support/wire.ts'

let single: Stage
let double: Stage

beforeAll(async () => {
  ;[single, double] = await Promise.all([
    startStage({ GATEWAY_THREADS: '1' }),
    startStage({ GATEWAY_THREADS: '2', ...inspectable }),
  ])
}, 60_000)
afterAll(() => Promise.all([single?.close(), double?.close()]))

let apis = 0
/** An API before a service that answers when it is told to, one call at a time. */
async function heldApi(stage: Stage, queue: Partial<UpstreamInput['queue']>, maxConnections = 1) {
  const service = stage.keep(await startHeldService())
  const api = await stage.api(`held${++apis}`, {
    targets: [{ url: service.url }],
    upstream: { maxConnections, queue: { maxWaiting: 100, maxWaitMs: 60_000, ...queue } },
  })
  const upstream = `held${apis}-service`
  const metric = async (name: string) => {
    const lines = (await stage.gateway.metrics()).split('\n')
    const line = lines.find((text) => text.startsWith(`gateway_${name}`) && text.includes(`"${upstream}"`))
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1))
  }
  return {
    api,
    service,
    waiting: () => metric('upstream_requests_waiting'),
    inFlight: () => metric('upstream_requests_in_flight'),
    ended: async (outcome: string) => {
      const text = await stage.gateway.metrics()
      const found = new RegExp(
        `gateway_upstream_waits_total{upstream="${upstream}",outcome="${outcome}"} (\\d+)`,
      )
      return Number(found.exec(text)?.[1] ?? 0)
    },
  }
}

const ask = (api: StagedApi, who = '1', key = api.key) =>
  call(`${api.url}/accounts/${who}/balance`, { headers: { 'x-api-key': key } })
const statuses = async (answers: Promise<Answer>[]) =>
  (await Promise.all(answers)).map(({ status }) => status)

describe('a call that finds no room', () => {
  test('is served when there is, over all threads, and no cap is ever exceeded', async () => {
    const { api, service, waiting, inFlight, ended } = await heldApi(double, {}, 3)
    const answers = Array.from({ length: 60 }, () => ask(api))
    for (let i = 0; i < 60; i++) (await service.next()).answer()
    expect(await statuses(answers)).toEqual(Array(60).fill(200))
    expect(service.maxInFlight()).toBeLessThanOrEqual(3)
    await until(async () => (await inFlight()) === 0)
    expect(await waiting()).toBe(0)
    expect(await ended('served')).toBeGreaterThan(0)
  })

  test('is refused after the longest wait, and told when to come back', async () => {
    const { api, service, ended } = await heldApi(double, { maxWaitMs: 30 })
    const first = ask(api)
    const held = await service.next()
    const late = await ask(api)
    expect([late.status, late.json().code]).toEqual([503, 'upstream-busy'])
    expect(late.headers['retry-after']).toMatch(/^[1-9]\d?$/)
    expect(await ended('late')).toBe(1)
    held.answer()
    expect((await first).status).toBe(200)
    expect(service.count()).toBe(1)
  })

  test('is refused at once where none may wait', async () => {
    const { api, service } = await heldApi(double, { maxWaiting: 0 })
    const first = ask(api)
    const held = await service.next()
    expect((await ask(api)).status).toBe(503)
    held.answer()
    await first
  })

  test('leaves the line when its caller hangs up, and the service never hears of it', async () => {
    const { api, service, waiting, ended } = await heldApi(double, {})
    const first = ask(api)
    const held = await service.next()
    const gone = openCall(`${api.url}/payment`, { method: 'POST', headers: { 'x-api-key': api.key } })
    gone.on('error', () => {})
    gone.end('{}')
    await until(async () => (await waiting()) === 1)
    gone.destroy()
    await until(async () => (await waiting()) === 0)
    expect(await ended('gone')).toBe(1)
    held.answer()
    await first
    const next = ask(api)
    ;(await service.next()).answer()
    expect((await next).status).toBe(200)
    expect(service.count()).toBe(2)
  })

  test('takes a payment along: its body waits with it', async () => {
    const { api, service, waiting } = await heldApi(double, {})
    const first = ask(api)
    const held = await service.next()
    const headers = { 'x-api-key': api.key, 'content-type': 'application/octet-stream' }
    const answers = ['small', 'x'.repeat(200_000)].map((body) =>
      call(`${api.url}/payment`, { method: 'POST', headers, body }),
    )
    await until(async () => (await waiting()) === 2)
    held.answer()
    const lengths = []
    for (const _ of answers) {
      const { req, answer } = await service.next()
      lengths.push(Number(req.headers['content-length']))
      answer()
    }
    expect(await statuses([first, ...answers])).toEqual([200, 200, 200])
    expect(lengths.sort((a, b) => a - b)).toEqual([5, 200_000])
  })
})

test('a long body is not asked for before there is room, and waits as long as it must', async () => {
  const { api, service, waiting } = await heldApi(single, {})
  const first = ask(api)
  const held = await service.next()
  const body = 'x'.repeat(200_000)
  const headers = { 'x-api-key': api.key, 'content-length': body.length, expect: '100-continue' }
  const asking = openCall(`${api.url}/payment`, { method: 'POST', headers })
  let isInvited = false
  asking.once('continue', () => {
    isInvited = true
    asking.end(body)
  })
  asking.flushHeaders()
  await until(async () => (await waiting()) === 1)
  expect(isInvited).toBe(false)
  held.answer()
  await first
  const next = await service.next()
  next.answer()
  expect((await answerTo(asking)).status).toBe(200)
  expect(isInvited).toBe(true)
})

describe('partners', () => {
  test('take turns: one with many calls waiting does not hold up another', async () => {
    const { api, service, waiting } = await heldApi(single, {})
    const shop = await addPartner(single.platform.registry, 'corner-shop', api.versionId)
    const flood = [ask(api, 'flood')]
    const order: string[] = []
    let held = await service.next()
    for (let i = 0; i < 12; i++) flood.push(ask(api, 'flood'))
    await until(async () => (await waiting()) === 12)
    const sales = Array.from({ length: 3 }, () => ask(api, 'shop', shop.key))
    await until(async () => (await waiting()) === 15)
    for (let i = 0; i < 15; i++) {
      held.answer()
      held = await service.next()
      order.push(/accounts\/(\w+)/.exec(held.req.url!)![1]!)
    }
    held.answer()
    expect(order.slice(0, 7).join(' ')).toBe('flood shop flood shop flood shop flood')
    expect(await statuses([...flood, ...sales])).toEqual(Array(16).fill(200))
  })

  test('share a full line: the last call of the longest makes way for one that has none', async () => {
    const { api, service, waiting } = await heldApi(single, { maxWaiting: 3 })
    const shop = await addPartner(single.platform.registry, 'late-shop', api.versionId)
    const first = ask(api)
    let held = await service.next()
    const flood = Array.from({ length: 3 }, () => ask(api))
    await until(async () => (await waiting()) === 3)
    expect((await ask(api)).status).toBe(503)
    const sale = ask(api, 'shop', shop.key)
    const refused = await Promise.race(flood)
    expect([refused.status, refused.json().code]).toEqual([503, 'upstream-busy'])
    expect(await waiting()).toBe(3)
    for (let i = 0; i < 3; i++) {
      held.answer()
      held = await service.next()
    }
    held.answer()
    expect((await statuses([first, ...flood, sale])).sort()).toEqual([200, 200, 200, 200, 503])
    expect((await sale).status).toBe(200)
  })

  test('are not held up by one that waits in another thread', async () => {
    const { api, service, waiting } = await heldApi(double, { maxWaiting: 300 })
    const shop = await addPartner(double.platform.registry, 'far-shop', api.versionId)
    const first = ask(api)
    let held = await service.next()
    const flood = Array.from({ length: 200 }, () => ask(api))
    await until(async () => (await waiting()) === 200)
    const sale = ask(api, 'shop', shop.key)
    await until(async () => (await waiting()) === 201)
    let before = 0
    for (; !held.req.url!.includes('shop'); before++) {
      held.answer()
      held = await service.next()
    }
    // It has a third or a half of the chances at each turn; first come, first served would be the last of all.
    expect(before).toBeLessThan(100)
    const rest = (async () => {
      for (let i = before; i <= 200; i++) {
        held.answer()
        held = await service.next()
      }
      held.answer()
    })()
    expect((await sale).status).toBe(200)
    await Promise.all([first, rest, ...flood])
  })
})

// Last: it takes the threads of the gateway.
test('what waited and what was in flight in a thread that crashed is forgotten', async () => {
  const { api, service, waiting, inFlight } = await heldApi(double, {}, 2)
  const calls = Array.from({ length: 10 }, () => ask(api).catch(() => undefined))
  await until(async () => (await waiting()) === 8 && (await inFlight()) === 2)
  await crashThreads(double.gateway)
  await Promise.all(calls)
  await double.gateway.serves(api.snapshot)
  await until(async () => (await waiting()) === 0 && (await inFlight()) === 0)
  const again = [ask(api), ask(api)]
  const before = service.count()
  await until(() => service.count() === before + 2)
  for (let i = 0; i < before; i++) await service.next()
  for (const _ of again) (await service.next()).answer()
  expect(await statuses(again)).toEqual([200, 200])
}, 60_000)
