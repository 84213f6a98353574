import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { UpstreamInput } from '../../registry/model.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { type Upstream, upstream } from '../support/upstream.ts'
import { call, startService } from '../support/wire.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage()
}, 60_000)
afterAll(() => stage?.close())

const kept = async (service: Promise<Upstream>) => stage.keep(await service)
const sorry = (headers: Record<string, string> = {}) => kept(upstream().answers(503, 'sorry', headers))
const good = () => kept(upstream().answers(200, 'ok'))
/** Nothing but the retry takes a call away from a target. */
const watched = { outliers: null, breaker: null, panicPercent: 0 }
const onStatuses: UpstreamInput['retry']['onStatuses'] = [502, 503, 504]

const publish = (name: string, services: { url: string }[], retry: object = {}, more = {}) =>
  stage.api(name, {
    targets: services.map(({ url }) => ({ url })),
    upstream: {
      ...watched,
      retry: { onStatuses, maxRetryAfterSeconds: 0, budgetPercent: 20, minimumPerSecond: 10, ...retry },
      ...more,
    },
  })
const ask = (api: StagedApi, method = 'GET', path = '/accounts/1/balance', body?: string) =>
  call(api.url + path, { method, headers: { 'x-api-key': api.key }, ...(body && { body }) })
const pay = (api: StagedApi) => ask(api, 'POST', '/payment', '{"amount":100}')

async function retries(name: string, outcome: string): Promise<number> {
  const labels = `{upstream="${name}-service",outcome="${outcome}"}`
  const line = (await stage.gateway.metrics())
    .split('\n')
    .find((text) => text.startsWith(`gateway_retries_total${labels}`))
  return Number(line?.split(' ').at(-1) ?? 0)
}

/** Calls one after the other. */
async function statuses(count: number, one: () => Promise<{ status: number }>): Promise<number[]> {
  const found = []
  for (let i = 0; i < count; i++) found.push((await one()).status)
  return found
}

describe('a target answers 503', () => {
  test('and another one serves the idempotent call, whose partner sees nothing of it', async () => {
    const [bad, fine] = [await sorry(), await good()]
    const api = await publish('other', [bad, fine])
    expect(await statuses(12, () => ask(api))).toEqual(Array(12).fill(200))
    expect(fine.seen).toHaveLength(12)
    expect(bad.seen.length).toBeGreaterThan(0)
    expect(await retries('other', 'answered')).toBe(bad.seen.length)
    expect(await stage.metric('gateway_target_requests_in_flight')).toBe(0)
  })

  test('and that counts against it, though nobody sees it', async () => {
    const [bad, fine] = [await sorry(), await good()]
    const api = await publish('counts', [bad, fine], {}, { outliers: { consecutive5xx: 2 } })
    expect(await statuses(12, () => ask(api))).toEqual(Array(12).fill(200))
    expect(bad.seen).toHaveLength(2)
  })

  test('and an answer without an end in sight is cut off', async () => {
    let ended = 0
    const endless = stage.keep(
      await startService((_, res) => {
        res.once('close', () => ended++)
        res.writeHead(503).write('this goes on')
      }),
    )
    const fine = await good()
    const api = await publish('endless', [endless, fine])
    expect(await statuses(8, () => ask(api))).toEqual(Array(8).fill(200))
    expect(fine.seen).toHaveLength(8)
    const again = await retries('endless', 'answered')
    expect(again).toBeGreaterThan(0)
    await until(() => ended === again)
  })

  test('to a payment: it passes as it is, and nobody is asked again', async () => {
    const banks = [await sorry({ 'retry-after': '7' }), await sorry({ 'retry-after': '7' })]
    const api = await publish('payment', banks)
    for (let i = 0; i < 4; i++) {
      const { status, headers, body } = await pay(api)
      expect([status, headers['retry-after'], String(body)]).toEqual([503, '7', 'sorry'])
    }
    expect(banks[0]!.seen.length + banks[1]!.seen.length).toBe(4)
    expect(await retries('payment', 'answered')).toBe(0)
  })

  test('to a call with a body: the same, whatever its method', async () => {
    const banks = [await sorry(), await sorry()]
    const api = await publish('bodies', banks)
    expect((await ask(api, 'PUT', '/files', 'text')).status).toBe(503)
    expect(banks[0]!.seen.length + banks[1]!.seen.length).toBe(1)
  })

  test('and so do all: each is asked once, and the last answer passes', async () => {
    const banks = [await sorry(), await sorry(), await sorry()]
    const api = await publish('all', banks)
    const { status, body } = await ask(api)
    expect([status, String(body)]).toEqual([503, 'sorry'])
    expect(banks.map(({ seen }) => seen.length)).toEqual([1, 1, 1])
    const few = await publish('few', banks, {}, { maxAttempts: 2 })
    expect((await ask(few)).status).toBe(503)
    expect(banks.reduce((sum, { seen }) => sum + seen.length, 0)).toBe(5)
  })

  test('and the upstream does not name that status: it passes', async () => {
    const [bad, fine] = [await sorry(), await good()]
    const api = await publish('unnamed', [bad, fine], { onStatuses: [504] })
    const found = await statuses(8, () => ask(api))
    expect(found.filter((status) => status === 503)).toHaveLength(bad.seen.length)
    expect(bad.seen.length + fine.seen.length).toBe(8)
  })
})

describe('the budget is used up', () => {
  test('answers pass as they are, over all threads', async () => {
    const [bad, fine] = [await sorry({ 'retry-after': '7' }), await good()]
    const api = await publish('used-up', [bad, fine], { budgetPercent: 0, minimumPerSecond: 0 })
    const found = await statuses(12, () => ask(api))
    expect(found.filter((status) => status === 503)).toHaveLength(bad.seen.length)
    expect(bad.seen.length + fine.seen.length).toBe(12)
    expect(await retries('used-up', 'over-budget')).toBe(bad.seen.length)
    expect(await retries('used-up', 'answered')).toBe(0)
  })

  test('a call whose answer breaks off is not tried again; one that was never sent is', async () => {
    const none = { budgetPercent: 0, minimumPerSecond: 0 }
    const [broken, gone, fine] = [
      await kept(upstream().reads().thenHangsUp()),
      await upstream().refuses(),
      await good(),
    ]
    const breaking = await publish('breaking', [broken, fine], none)
    const found = await statuses(8, () => ask(breaking))
    expect(found.filter((status) => status === 502)).toHaveLength(broken.seen.length)
    expect(broken.seen.length).toBeGreaterThan(0)
    const refusing = await publish('refusing', [gone, fine], none)
    expect(await statuses(8, () => pay(refusing))).toEqual(Array(8).fill(200))
    expect(await retries('refusing', 'unsent')).toBeGreaterThan(0)
  })

  test('no more calls are sent again than the share of them says', async () => {
    const banks = [await sorry(), await sorry()]
    const api = await publish('share', banks, { budgetPercent: 50, minimumPerSecond: 0 })
    await statuses(20, () => ask(api))
    const again = banks[0]!.seen.length + banks[1]!.seen.length - 20
    expect(again).toBeLessThanOrEqual(10)
    expect(again).toBe(await retries('share', 'answered'))
    expect(again).toBeGreaterThan(0)
  })
})
