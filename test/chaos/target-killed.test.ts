import { readdirSync, readlinkSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { OutlierEjection } from '../../registry/upstream-health.ts'
import { callOnce, connections, type Load, startLoad } from '../support/load.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { startTarget, type TargetProcess } from '../support/target-process.ts'
import { until } from '../support/until.ts'

let stage: Stage
let targets: TargetProcess[]
let api: StagedApi
let idleSockets: number
const workers = 8
const agent = connections(workers)

beforeAll(async () => {
  ;[stage, ...targets] = await Promise.all([
    startStage({ LOG_ACCESS: 'off' }),
    startTarget(),
    startTarget(),
    startTarget(),
  ])
  idleSockets = socketsOf(stage.gateway.pid)
  api = await stage.api('payments', {
    targets: targets.map(({ url }) => ({ url })),
    // A second out of turn, and not 30: long enough to be seen, short enough to wait for.
    upstream: { firstByteTimeoutMs: 1_000, outliers: OutlierEjection.parse({ ejectionSeconds: 1 }) },
  })
}, 60_000)

afterAll(async () => {
  agent.destroy()
  await stage?.close()
  await Promise.all((targets ?? []).map((target) => target.kill()))
})

/** Sockets that a process holds; only Linux tells. */
function socketsOf(pid: number): number {
  if (process.platform !== 'linux') return 0
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:')
    } catch {
      return false // closed since
    }
  }).length
}

/** Payments and reads in turn; what each was answered, by its id. */
function startCalls(round: string, outcomes: Map<string, string>): Load {
  return startLoad({
    workers,
    expects: [200, 502, 504],
    async call(n) {
      const method = n % 2 === 0 ? 'POST' : 'GET'
      const id = `${method} ${round}-${n}`
      const answer = await callOnce(`${api.url}${method === 'POST' ? '/payment' : '/accounts/1/balance'}`, {
        method,
        agent,
        headers: { 'x-api-key': api.key, 'x-call': `${round}-${n}` },
        ...(method === 'POST' && { body: '{"amount":1}' }),
      })
      const code = answer.status === 200 ? '' : ` ${JSON.parse(answer.body.toString()).code}`
      outcomes.set(id, answer.status + code)
      return answer
    },
  })
}

const heardTimes = () => {
  const times = new Map<string, number>()
  for (const line of targets.flatMap((target) => target.heard())) times.set(line, (times.get(line) ?? 0) + 1)
  return times
}

/** So many more calls, whatever they are answered. */
const more = (load: Load, count: number) => {
  const from = load.total()
  return until(() => load.total() >= from + count, { timeoutMs: 60_000 })
}

const faults = {
  'is killed with kill -9, and comes back': {
    strike: (target: TargetProcess) => target.kill(),
    mend: (target: TargetProcess) => target.start(),
    payment: '502 upstream-broke',
  },
  'hangs (SIGSTOP), and goes on': {
    strike: async (target: TargetProcess) => target.freeze(),
    mend: async (target: TargetProcess) => target.thaw(),
    payment: '504 upstream-timeout',
  },
}

describe('under load, one of three targets', () => {
  test.each(Object.entries(faults))(
    '%s: reads are taken over, no payment is sent twice, and nothing is left behind',
    async (name, { strike, mend, payment }) => {
      const outcomes = new Map<string, string>()
      const round = name.slice(0, 7).replaceAll(' ', '-')
      const load = startCalls(round, outcomes)
      const victim = targets[0]!
      await more(load, 200)
      expect(new Set(outcomes.values())).toEqual(new Set(['200']))
      await strike(victim)
      await more(load, 200)
      await mend(victim)
      // Calls come to it again, by itself.
      const heard = victim.heard().length
      await until(() => victim.heard().length > heard + 20, { timeoutMs: 60_000 })
      await load.stop()

      expect(load.faults).toEqual([]) // no connection broke
      for (const [id, outcome] of outcomes)
        expect(`${id} ${outcome}`).toMatch(
          id.startsWith('GET') || outcome === '200' ? / 200$/ : new RegExp(` ${payment}$`),
        )
      const times = heardTimes()
      for (const [id, outcome] of outcomes) {
        const count = times.get(id) ?? 0
        if (outcome === '200') expect(`${id} ${count > 0}`).toBe(`${id} true`)
        if (id.startsWith('POST')) expect(`${id} ${count <= 1}`).toBe(`${id} true`)
      }
      // The slots and sockets of what was cut are free again.
      await until(async () => (await stage.metric('gateway_requests_in_flight')) === 0)
      expect(await stage.gateway.readiness()).toMatchObject({ isReady: true })
    },
    120_000,
  )

  // Last: it ends the targets, as connections to them are kept for further calls.
  test('leaves no socket behind', async () => {
    agent.destroy()
    await Promise.all(targets.map((target) => target.kill()))
    await until(() => socketsOf(stage.gateway.pid) <= idleSockets, { timeoutMs: 20_000 })
  })
})
