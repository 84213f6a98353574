import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Answer, callOnce, connections } from '../support/load.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { startTarget, type TargetProcess } from '../support/target-process.ts'
import { until } from '../support/until.ts'
import { upstream } from '../support/upstream.ts'
import { startBareService, startFullService } from '../support/wire.ts'

let stage: Stage
let good: TargetProcess
const agents = new Set<ReturnType<typeof connections>>()

beforeAll(async () => {
  ;[stage, good] = await Promise.all([startStage(), startTarget()])
}, 60_000)

afterAll(async () => {
  for (const agent of agents) agent.destroy()
  await stage?.close()
  await good?.kill()
})

interface Fault {
  /** What the faulty target does with what it has heard so far on a connection. */
  readonly does: (socket: Socket, heard: string) => void
  /** What a payment sees that came to the faulty target. */
  readonly payment: readonly [status: number, code: string] | 'cut'
  /** What a GET sees that came to it: mostly, the answer of another target. */
  readonly read: 200 | 'cut'
}

const isWhole = (heard: string) => heard.includes('\r\n\r\n')
/** Once it has heard the head of a call. */
const onCall = (act: (socket: Socket) => void) => (socket: Socket, heard: string) => {
  if (isWhole(heard)) act(socket)
}
const says = (text: string, then: (socket: Socket) => void) =>
  onCall((socket) => socket.write(text, () => then(socket)))
const reset = (socket: Socket) => void socket.resetAndDestroy()
const half = (socket: Socket) => void socket.end()
const broke = [502, 'upstream-broke'] as const
const late = [504, 'upstream-timeout'] as const
const invalid = [502, 'upstream-answer-invalid'] as const
const headOf10 = 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n'

/** One byte of a head every 20 ms, without end. */
function dripHead(socket: Socket) {
  socket.write('HTTP/1.1 200 OK\r\nx-drip: ')
  const timer = setInterval(() => socket.write('x'), 20)
  socket.once('close', () => clearInterval(timer))
}

const faults: Record<string, Fault> = {
  'resets the connection when the first byte comes': { does: reset, payment: broke, read: 200 },
  'resets the connection instead of an answer': { does: onCall(reset), payment: broke, read: 200 },
  'resets the connection inside the head of its answer': {
    does: says('HTTP/1.1 200 OK\r\ncontent-le', reset),
    payment: broke,
    read: 200,
  },
  'resets the connection inside the body of its answer': {
    does: says(`${headOf10}half`, reset),
    payment: 'cut',
    read: 'cut',
  },
  'closes its half of the connection instead of an answer': { does: onCall(half), payment: broke, read: 200 },
  'closes its half inside the head of its answer': {
    does: says('HTTP/1.1 200 OK\r\ncontent-le', half),
    payment: broke,
    read: 200,
  },
  'closes its half inside the body of its answer': {
    does: says(`${headOf10}half`, half),
    payment: 'cut',
    read: 'cut',
  },
  'answers what is not HTTP': {
    does: says('220 mail.test ESMTP\r\n\r\n', half),
    payment: invalid,
    read: 200,
  },
  'answers with two lengths': {
    does: says('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', half),
    payment: invalid,
    read: 200,
  },
  'takes the call and stays silent': { does: () => {}, payment: late, read: 200 },
  'drips the head of its answer': { does: onCall(dripHead), payment: late, read: 200 },
  'drips the body of its answer and stops': {
    does: says(`${headOf10}half`, () => {}),
    payment: 'cut',
    read: 'cut',
  },
}

/** Short only where a fault lets calls wait: the good target must answer in time on a busy machine, too. */
const timesFor = (payment: Fault['payment']) => ({
  firstByteTimeoutMs: payment === late ? 1_000 : 10_000,
  idleTimeoutMs: 1_000,
  connectTimeoutMs: 1_000,
})

/** Calls from one connection, one after another: all on one thread, so targets take turns. */
function caller(api: StagedApi) {
  const agent = connections(1)
  agents.add(agent)
  return async (method: 'GET' | 'POST', id: string): Promise<'cut' | readonly [number, string]> => {
    const call = {
      method,
      agent,
      headers: { 'x-api-key': api.key, 'x-call': id },
      ...(method === 'POST' && { body: '{"amount":1}' }),
    }
    const path = method === 'POST' ? '/payment' : '/accounts/1/balance'
    return callOnce(api.url + path, call).then(
      ({ status, body }: Answer) => [status, status === 200 ? '' : JSON.parse(body.toString()).code],
      () => 'cut',
    )
  }
}

const callsIn = (heard: string, id: string) => heard.split(`x-call: ${id}\r\n`).length - 1
const nothingInFlight = () => until(async () => (await stage.metric('gateway_requests_in_flight')) === 0)

let n = 0

describe('one of two targets', () => {
  test.each(Object.entries(faults))('%s', async (_, { does, payment, read }) => {
    const name = `fault-${n++}`
    const bad = stage.keep(await startBareService(does))
    // With a cap of one call in flight, a slot that is not given back takes the target out for good.
    const targets = [
      { url: bad.url, maxConnections: 1 },
      { url: good.url, maxConnections: 1 },
    ]
    const call = caller(await stage.api(name, { targets, upstream: timesFor(payment) }))
    const outcomes = { GET: [] as unknown[], POST: [] as unknown[] }
    const answered: boolean[] = []
    const kinds = ['POST', 'GET', 'GET', 'POST', 'POST', 'GET', 'GET', 'POST'] as const
    for (const [i, method] of kinds.entries()) {
      const outcome = await call(method, `${name}-${i}`)
      outcomes[method].push(outcome)
      answered.push(outcome[0] === 200)
    }

    const [ok, failed] = [[200, ''], read === 'cut' ? 'cut' : [200, '']]
    for (const outcome of outcomes.GET) expect([ok, failed]).toContainEqual(outcome)
    for (const outcome of outcomes.POST) expect([ok, payment]).toContainEqual(outcome)
    expect(outcomes.POST).toContainEqual(payment)
    if (read === 'cut') expect(outcomes.GET).toContainEqual('cut')
    // No payment was sent twice, to whomever.
    for (const [i, method] of kinds.entries()) {
      const id = `${name}-${i}`
      const heard =
        callsIn(bad.heard(), id) + good.heard().filter((line) => line === `${method} ${id}`).length
      if (method === 'POST') expect(heard).toBeLessThanOrEqual(1)
      // On a busy machine a call may be given up before the service has come to read it.
      if (answered[i]) expect(heard).toBeGreaterThanOrEqual(1)
    }
    await nothingInFlight()
    await until(() => bad.open() === 0, { timeoutMs: 10_000 })
  })

  test.each([
    ['refuses connections', () => upstream().refuses()],
    ['has a full queue of connections', async () => stage.keep(await startFullService())],
  ])('%s: nobody sees it, and no payment is sent twice', async (_, start) => {
    const name = `fault-${n++}`
    const { url } = await start()
    const targets = [{ url, maxConnections: 1 }, { url: good.url }]
    const call = caller(await stage.api(name, { targets, upstream: timesFor(broke) }))
    for (let i = 0; i < 4; i++) {
      expect(await call('POST', `${name}-${i}`)).toEqual([200, ''])
      expect(await call('GET', `${name}-${i}`)).toEqual([200, ''])
      for (const method of ['GET', 'POST']) {
        const heard = () => good.heard().filter((line) => line === `${method} ${name}-${i}`)
        await until(() => heard().length > 0) // it tells by a pipe, which the answer may overtake
        expect(heard()).toHaveLength(1)
      }
    }
    await nothingInFlight()
  })
})

describe('all targets', () => {
  test.each([
    ['refuse connections', [502, 'upstream-unreachable'], () => upstream().refuses()],
    ['are out of reach', [504, 'upstream-timeout'], startFullService],
    ['are silent', [504, 'upstream-timeout'], startBareService],
  ] as const)('%s: the answer, the log and the metrics say so', async (_, [status, problem], start) => {
    const name = `all-${n++}`
    const { url } = stage.keep(await start())
    const call = caller(await stage.api(name, { targets: [{ url }], upstream: timesFor(late) }))
    expect(await call('POST', `${name}-0`)).toEqual([status, problem])
    expect(await call('GET', `${name}-1`)).toEqual([status, problem])
    const isOurs = (line: string) => line.includes(`"api":"${name}"`) && line.includes('"method":"POST"')
    const line = await until(() => stage.gateway.output().split('\n').find(isOurs))
    expect(JSON.parse(line)).toMatchObject({ level: 40, status, problem, note: expect.any(String) })
    const counted = `api="${name}".*method="POST",status="${status}",problem="${problem}"} 1`
    expect(await stage.gateway.metrics()).toMatch(new RegExp(counted))
  })
})
