import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createAdminToken } from '../../registry/admin-tokens.ts'
import { type AdminProcess, startAdmin } from '../support/admin-process.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { callOnce } from '../support/load.ts'
import { type Demo, type Platform, publishDemo, startPlatform, tester } from '../support/platform.ts'
import { until } from '../support/until.ts'
import { upstream } from '../support/upstream.ts'

/** What gateways count arrives whole at the admin API. */

interface Traffic {
  readonly from: number
  readonly to: number
  readonly stepMs: number
  readonly ageMs: number | null
  readonly inFlight: (number | null)[]
  readonly series: {
    readonly key: string | null
    readonly label: string
    readonly totals: {
      readonly requests: number
      readonly errors: number
      readonly limited: number
      readonly byStatus: Record<string, number>
      readonly totalMs: { readonly p50: number; readonly p99: number } | null
    }
    readonly requests: (number | null)[]
  }[]
}

let platform: Platform
let admin: AdminProcess
let first: GatewayProcess
let second: GatewayProcess
let demo: Demo
let bank: Awaited<ReturnType<ReturnType<typeof upstream>['answers']>>
let authorization: string

beforeAll(async () => {
  platform = await startPlatform()
  bank = await upstream().answers(200)
  demo = await publishDemo(platform, { targets: [{ url: bank.url }] })
  ;[first, second] = await Promise.all([
    platform.gateway({ GATEWAY_ID: 'one', GATEWAY_THREADS: '2' }),
    platform.gateway({ GATEWAY_ID: 'two', GATEWAY_THREADS: '1' }),
  ])
  await Promise.all([first.serves(demo.snapshot), second.serves(demo.snapshot)])
  const made = await createAdminToken(platform.registry, tester, {
    title: 'test',
    permissions: ['read'],
    expiresAt: null,
  })
  authorization = `Bearer ${made.secret}`
  admin = await startAdmin({ ...platform.env })
})
afterAll(async () => {
  await admin?.kill()
  await platform?.close()
  await bank?.close()
})

const ask = async (path: string) => {
  const answer = await callOnce(admin.url + path, { headers: { authorization } })
  return { status: answer.status, text: answer.body.toString(), headers: answer.headers }
}
const traffic = async (query: string): Promise<Traffic> =>
  JSON.parse((await ask(`/api/traffic?${query}`)).text)
const sum = (of: Traffic) => of.series.reduce((all, one) => all + one.totals.requests, 0)

async function pay(gateway: GatewayProcess, times: number, key = demo.key) {
  for (let i = 0; i < times; i++)
    await callOnce(`${gateway.url}/payments/v1/payment`, { method: 'POST', headers: { 'x-api-key': key } })
}

describe('counts of calls', () => {
  test('of two gateways are whole and exact, by every dimension', async () => {
    await pay(first, 30)
    await pay(second, 12)
    await pay(second, 5, 'no-such-key')
    await until(async () => sum(await traffic('range=15m')) >= 47)
    const [all] = (await traffic('range=15m')).series
    expect(all!.totals).toMatchObject({ requests: 47, errors: 0, byStatus: { '2xx': 42, '4xx': 5 } })
    expect(all!.totals.totalMs!.p99).toBeGreaterThan(0)
    const byGateway = await traffic('groupBy=gateway')
    expect(byGateway.series.map(({ key, totals }) => [key, totals.requests])).toEqual([
      ['one', 30],
      ['two', 17],
    ])
    const byPartner = await traffic(`groupBy=partner&version=${demo.versionId}`)
    expect(byPartner.series.map(({ key, label, totals }) => [key, label, totals.requests])).toEqual([
      [demo.partnerId, 'Shop', 42],
      ['', '', 5],
    ])
    const byOperation = await traffic(`groupBy=operation&partner=${demo.partnerId}`)
    expect(byOperation.series.map(({ key, totals }) => [key, totals.requests])).toEqual([['pay', 42]])
    const byTarget = await traffic(`groupBy=target&upstream=${demo.upstreamId}`)
    expect(byTarget.series.map(({ key, totals }) => [key, totals.requests])).toEqual([['t1', 42]])
    const byStatus = await traffic('groupBy=status')
    expect(byStatus.series.map(({ key, totals }) => [key, totals.requests])).toEqual([
      ['2xx', 42],
      ['4xx', 5],
    ])
  })

  test('are in all rings once ten seconds are over, and stay through a restart', async () => {
    const before = sum(await traffic('range=15m'))
    await pay(first, 7)
    await first.stop()
    first = await platform.gateway({ GATEWAY_ID: 'one', GATEWAY_THREADS: '2' })
    await first.serves(demo.snapshot)
    await pay(first, 3)
    for (const range of ['15m', '1h', '24h', '7d'])
      await until(async () => sum(await traffic(`range=${range}`)) === before + 10, { timeoutMs: 20_000 })
    expect((await traffic('range=15m')).stepMs).toBe(1_000)
    expect((await traffic('range=7d')).stepMs).toBe(3_600_000)
  })

  test('say null where no gateway counted, and 0 where there were no calls', async () => {
    const [all] = (await traffic('range=15m')).series
    expect(all!.requests[0]).toBeNull()
    expect(all!.requests).toContain(0)
  })

  test('refuse a question that no view answers, and say what to leave out', async () => {
    const { status, text } = await ask('/api/traffic?groupBy=target&partner=par_1')
    expect(status).toBe(400)
    expect(JSON.parse(text).detail).toContain('Leave one out')
  })
})

describe('the log of calls', () => {
  test('finds a call by its request id and says what stopped it', async () => {
    const refused = await callOnce(`${first.url}/payments/v1/payment?card=4111111111111111`, {
      method: 'POST',
      headers: { 'x-api-key': 'wrong' },
    })
    const id = JSON.parse(refused.body.toString()).instance.slice('urn:request:'.length)
    const found = await until(async () => {
      const answer = await ask(`/api/requests/${id}`)
      return answer.status === 200 ? answer.text : undefined
    })
    expect(found).not.toContain('4111')
    expect(JSON.parse(found)).toMatchObject({
      call: {
        id,
        status: 401,
        problem: 'credential-invalid',
        stoppedBy: 'authenticate',
        gateway: 'one',
        path: '/payments/v1/payment',
        labels: { api: 'payments', version: 'payments v1' },
      },
      policy: { name: 'authenticate', source: 'default' },
    })
  })

  test('lists calls newest first, by filter and page by page', async () => {
    const { items, next } = JSON.parse((await ask('/api/requests?status=4xx&limit=3')).text)
    expect(items.map((call: { status: number }) => call.status)).toEqual([401, 401, 401])
    expect(items[0].at).toBeGreaterThanOrEqual(items[2].at)
    const more = JSON.parse((await ask(`/api/requests?status=4xx&limit=3&before=${next}`)).text)
    const ids = new Set([...items, ...more.items].map((call: { id: string }) => call.id))
    expect(ids.size).toBe(6)
    const csv = await ask('/api/requests.csv?status=4xx')
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8')
    expect(csv.text.split('\r\n')[0]).toContain('request_id')
  })
})
