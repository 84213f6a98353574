import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { call, openCall, startService } from '../support/wire.ts'

/** However a call ends, its places at the target and at the upstream are given back, and once only. */

let stage: Stage
let api: StagedApi
let sockets: WebSocketServer
const asked: string[] = []

beforeAll(async () => {
  stage = await startStage()
  const service = stage.keep(await startService(behave))
  sockets = new WebSocketServer({ server: service.server })
  api = await stage.api('ending', {
    targets: [{ url: service.url, maxConnections: 2 }],
    upstream: {
      maxConnections: 2,
      firstByteTimeoutMs: 3_000,
      idleTimeoutMs: 3_000,
      queue: { maxWaiting: 10, maxWaitMs: 30_000 },
      maxAttempts: 2,
      outliers: null,
      breaker: null,
    },
    policies: { 'body-limit': { maxBytes: 100_000 } },
  })
}, 60_000)
afterAll(() => stage?.close())

/** As the path says: `/accounts/<how>/balance`. */
function behave(req: IncomingMessage, res: ServerResponse) {
  const how = /accounts\/(\w+)/.exec(req.url!)?.[1] ?? 'answers'
  asked.push(how)
  req.resume()
  if (how === 'answers') res.end('{}')
  else if (how === 'fails') res.writeHead(500).end('{}')
  else if (how === 'hangs') req.socket.destroy()
  else if (how === 'resets') req.socket.resetAndDestroy()
  else if (how === 'garbage') req.socket.end('this is not HTTP\r\n\r\n')
  else if (how === 'breaks')
    res.writeHead(200, { 'content-length': 100 }).write('some', () => req.socket.destroy())
  else if (how === 'drips') res.writeHead(200, { 'content-length': 100 }).write('some')
  // 'holds': no answer at all
}

const headers = () => ({ 'x-api-key': api.key })
const pathOf = (how: string) => `${api.url}/accounts/${how}/balance`
/** The status, or that the connection broke. */
const outcome = (how: string) =>
  call(pathOf(how), { headers: headers() }).then(
    ({ status }) => status,
    () => 'broken',
  )
const begin = (how: string) => {
  const req = openCall(pathOf(how), { headers: headers() })
  req.on('error', () => {})
  req.end()
  return req
}
const heard = (how: string) => until(() => asked.includes(how))
const dial = async () => {
  const socket = new WebSocket(pathOf('socket').replace('http', 'ws'), { headers: headers() })
  socket.on('error', () => {})
  await once(socket, 'open')
  return socket
}

const inFlight = () =>
  Promise.all(['upstream', 'target'].map((what) => stage.metric(`gateway_${what}_requests_in_flight`)))

const endings: Record<string, () => Promise<unknown>> = {
  'an answer': async () => expect(await outcome('answers')).toBe(200),
  'an error of the service': async () => expect(await outcome('fails')).toBe(500),
  'a service that hangs up before it answers': async () => expect(await outcome('hangs')).toBe(502),
  'a service that resets': async () => expect(await outcome('resets')).toBe(502),
  'an answer that is not HTTP': async () => expect(await outcome('garbage')).toBe(502),
  'an answer that breaks off': async () => expect(await outcome('breaks')).toBe('broken'),
  'no answer in time': async () => expect(await outcome('holds')).toBe(504),
  'an answer that stops': async () => expect(await outcome('drips')).toBe('broken'),
  'a partner that hangs up before the answer': async () => {
    const req = begin('holds')
    await heard('holds')
    req.destroy()
  },
  'a partner that hangs up inside the answer': async () => {
    const req = begin('drips')
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    res.on('error', () => {})
    req.destroy()
  },
  'a partner that hangs up inside its body': async () => {
    const req = openCall(`${api.url}/payment`, {
      method: 'POST',
      headers: { ...headers(), 'content-length': 90_000 },
    })
    req.on('error', () => {})
    req.write('x'.repeat(40_000))
    await heard('answers')
    req.destroy()
  },
  'a body that is too large': async () => {
    const req = openCall(`${api.url}/payment`, {
      method: 'POST',
      headers: { ...headers(), 'transfer-encoding': 'chunked' },
    })
    req.on('error', () => {})
    req.end('x'.repeat(200_000))
    await once(req, 'response').catch(() => {})
  },
  'a WebSocket that the partner closes': async () => (await dial()).close(),
  'a WebSocket that the partner breaks off': async () => (await dial()).terminate(),
  'a WebSocket that the service closes': async () => {
    const socket = await dial()
    for (const client of sockets.clients) client.terminate()
    await once(socket, 'close')
  },
}

describe('gives back what it held:', () => {
  test.each(Object.keys(endings))('%s', async (name) => {
    asked.length = 0
    await endings[name]!()
    await until(async () => (await inFlight()).every((count) => count === 0))
    // Not one place more either: two calls are in flight, a third one waits.
    const held = [begin('holds'), begin('holds'), begin('holds')]
    await until(async () => (await stage.metric('gateway_upstream_requests_waiting')) === 1)
    expect(await inFlight()).toEqual([2, 2])
    for (const req of held) req.destroy()
    await until(async () => (await inFlight()).every((count) => count === 0))
    expect(await stage.metric('gateway_upstream_requests_waiting')).toBe(0)
  })
})

test('a WebSocket waits for room like any call, and takes it when another one closes', async () => {
  const [first, second] = [await dial(), await dial()]
  const third = dial()
  await until(async () => (await stage.metric('gateway_upstream_requests_waiting')) === 1)
  first.close()
  const opened = await third
  expect(await inFlight()).toEqual([2, 2])
  const gone = new WebSocket(pathOf('socket').replace('http', 'ws'), { headers: headers() })
  gone.on('error', () => {})
  await until(async () => (await stage.metric('gateway_upstream_requests_waiting')) === 1)
  gone.terminate()
  await until(async () => (await stage.metric('gateway_upstream_requests_waiting')) === 0)
  for (const socket of [second, opened]) socket.close()
  await until(async () => (await inFlight()).every((count) => count === 0))
})
