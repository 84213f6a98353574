import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createAdminToken } from '../../registry/admin-tokens.ts'
import type { UpstreamInput } from '../../registry/model.ts'
import { ActiveCheck, OutlierEjection } from '../../registry/upstream-health.ts'
import { type AdminProcess, callAdmin, startAdmin } from '../support/admin-process.ts'
import { tester } from '../support/platform.ts'
import { listen, shut } from '../support/seen.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { call } from '../support/wire.ts'

/** What a gateway makes of targets that fail, as partners and operators see it. */

let stage: Stage
let admin: AdminProcess
let token: string

beforeAll(async () => {
  stage = await startStage({ LOG_ACCESS: 'off' })
  const { env, registry } = stage.platform
  const reader = { title: 'test', permissions: ['read' as const], expiresAt: null }
  ;[admin, { secret: token }] = await Promise.all([
    startAdmin({ ...env }),
    createAdminToken(registry, tester, reader),
  ])
}, 60_000)
afterAll(async () => {
  await admin?.kill()
  await stage?.close()
})

/** A service that does as the test says; its checks pass or fail by themselves. */
async function service() {
  const state = { status: 200, hangsUp: false, checkStatus: 200, heard: [] as string[], url: '' }
  const server = createServer((req, res) => {
    if (req.url === '/health') return void res.writeHead(state.checkStatus).end()
    state.heard.push(`${req.method} ${req.headers['x-call']}`)
    req.resume().once('end', () => {
      if (state.hangsUp) req.socket.destroy()
      else res.writeHead(state.status).end()
    })
  })
  state.url = await listen(server)
  stage.keep({ close: () => shut(server) })
  return state
}

/** An API before three such services, which are taken in turn. */
async function threeTargets(name: string, settings: Partial<UpstreamInput>) {
  const targets = await Promise.all([service(), service(), service()])
  const urls = targets.map(({ url }) => ({ url }))
  // Breakers would join in: each test is about one thing.
  const upstream = { breaker: null, slowStartSeconds: 1, ...settings }
  const api = await stage.api(name, { targets: urls, upstream })
  let calls = 0
  const ask = (method: 'GET' | 'POST') => {
    const headers = { 'x-api-key': api.key, 'x-call': String(++calls) }
    return method === 'GET'
      ? call(`${api.url}/accounts/1/balance`, { headers })
      : call(`${api.url}/payment`, { method, headers, body: '{"amount":1}' })
  }
  const labels = (target: string) => `upstream="${name}-service",target="${target}"`
  return {
    targets,
    ask,
    /** Asks until something holds. @returns what was answered */
    async askUntil(method: 'GET' | 'POST', holds: () => Promise<boolean> | boolean) {
      const statuses = new Set<number>()
      await until(
        async () => {
          statuses.add((await ask(method)).status)
          return await holds()
        },
        { timeoutMs: 20_000, everyMs: 0 },
      )
      return statuses
    },
    async isIn(state: string, target = 't1') {
      return (await stage.gateway.metrics()).includes(
        `gateway_target_state{${labels(target)},state="${state}"} 1\n`,
      )
    },
    async metric(what: string, target = 't1') {
      const text = await stage.gateway.metrics()
      return Number(new RegExp(`^gateway_target_${what}{${labels(target)}} (\\d+)$`, 'm').exec(text)?.[1])
    },
    async seenByAdmin(target = 't1') {
      const { json } = await callAdmin(admin.url, token, 'GET', `/api/upstreams/${name}-service/health`)
      const { targets: all } = json as unknown as {
        targets: { id: string; gateways: { state: string; reason: string }[] }[]
      }
      return all.find(({ id }) => id === target)!.gateways.map(({ state, reason }) => `${state}: ${reason}`)
    },
    logged: () =>
      stage.gateway
        .output()
        .split('\n')
        .filter((line) => line.includes(`"upstream":"${name}-service"`) && line.includes('"state"'))
        .map((line) => JSON.parse(line) as { target: string; state: string; reason: string })
        .map(({ target, state, reason }) => `${target} ${state}: ${reason}`),
  }
}

const brief = OutlierEjection.parse({ ejectionSeconds: 1, maxEjectionSeconds: 1 })
const forAnHour = OutlierEjection.parse({ ejectionSeconds: 3_600, maxEjectionSeconds: 3_600 })

describe('one of three targets', () => {
  test('that answers 503 is taken out, and all say so; once it mends, one call brings it back', async () => {
    const { targets, askUntil, ask, isIn, metric, seenByAdmin, logged } = await threeTargets('mends', {
      outliers: brief,
    })
    const victim = targets[0]!
    victim.status = 503
    await askUntil('GET', async () => (await metric('ejections_total')) > 0)
    expect(logged()[0]).toBe('t1 ejected: consecutive-gateway-failures')
    expect(await metric('ejections_total', 't2')).toBe(0)
    // Calls go on: the one that tries it fails, so it is out again.
    await askUntil('GET', async () => (await seenByAdmin()).includes('ejected: trial-failed'))
    expect(logged()).toContain('t1 ejected: trial-failed')
    expect((await seenByAdmin('t2')).join()).toMatch(/^healthy/)

    // Without calls it stays on trial as long as nobody tries it.
    await until(() => isIn('half-open'), { timeoutMs: 10_000 })
    expect(await metric('available')).toBe(1)
    victim.status = 200
    const before = victim.heard.length
    await askUntil('GET', () => victim.heard.length > before)
    expect(logged().at(-1)).toBe('t1 healthy: trial-passed')
    await until(() => isIn('healthy'), { timeoutMs: 10_000 })
    for (let i = 0; i < 6; i++) expect((await ask('POST')).status).toBe(200)
  }, 60_000)

  test('that breaks off gets no payment twice, and no call more once it is out', async () => {
    const { targets, ask, askUntil, isIn } = await threeTargets('breaks-off', { outliers: forAnHour })
    const victim = targets[0]!
    victim.hangsUp = true
    for (let i = 0; i < 3; i++) expect((await ask('GET')).status).toBe(200) // taken over
    const statuses = await askUntil('POST', () => isIn('ejected'))
    expect([...statuses].sort()).toEqual([200, 502])
    const heard = victim.heard.length
    for (let i = 0; i < 12; i++) expect((await ask('POST')).status).toBe(200)
    expect(victim.heard.length).toBe(heard)
    const payments = targets.flatMap((target) => target.heard).filter((line) => line.startsWith('POST'))
    expect(new Set(payments).size).toBe(payments.length)
  }, 60_000)
})

describe('when too few are left, all serve', () => {
  const heardAll = async ({ targets, ask }: Awaited<ReturnType<typeof threeTargets>>, status: number) => {
    for (const target of targets) target.heard.length = 0
    for (let i = 0; i < 30; i++) expect((await ask('POST')).status).toBe(status)
    for (const target of targets) expect(target.heard.length).toBeGreaterThan(0)
  }

  test('as each fails its calls: what the service says still reaches the partner', async () => {
    const api = await threeTargets('all-fail', { outliers: { ...forAnHour, maxEjectedPercent: 100 } })
    for (const target of api.targets) target.status = 500
    const ids = ['t1', 't2', 't3']
    await api.askUntil('GET', async () => {
      const out = await Promise.all(ids.map((id) => api.isIn('ejected', id)))
      return out.filter(Boolean).length === 2
    })
    await heardAll(api, 500)
    // Of three the last is never taken out.
    expect((await Promise.all(ids.map((id) => api.metric('available', id)))).sort()).toEqual([0, 0, 1])
    for (const target of api.targets) target.status = 200
    await heardAll(api, 200)
  }, 60_000)

  test('as each fails its checks, which may be what is wrong', async () => {
    const api = await threeTargets('checks-fail', {
      activeCheck: ActiveCheck.parse({ path: '/health', intervalMs: 100, healthyThreshold: 1 }),
    })
    for (const target of api.targets) target.checkStatus = 500
    for (const id of ['t1', 't2', 't3']) await until(() => api.isIn('unhealthy', id))
    await heardAll(api, 200)
    expect(await api.metric('available')).toBe(0)
    for (const target of api.targets) target.checkStatus = 200
    for (const id of ['t1', 't2', 't3']) await until(async () => (await api.metric('available', id)) === 1)
    expect(api.logged()).toEqual(
      expect.arrayContaining(['t1 unhealthy: check-status', 't1 healthy: check-passed']),
    )
  }, 60_000)
})
