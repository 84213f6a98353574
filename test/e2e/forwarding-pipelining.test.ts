import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { openWire, startService } from '../support/wire.ts'

/** Several calls on one connection, before their answers. */

let stage: Stage
let api: StagedApi
let seen: string[] = []
let waiting: [IncomingMessage, ServerResponse][] = []

beforeAll(async () => {
  stage = await startStage()
  const service = stage.keep(
    await startService((req, res) => {
      seen.push(`${req.method} ${req.url}`)
      req.resume()
      if (req.url!.includes('/held/')) waiting.push([req, res])
      else res.end(`answer to ${req.url}\n`)
    }),
  )
  api = await stage.api('pipe', { targets: [{ url: service.url, maxConnections: 3 }] })
}, 60_000)
afterAll(() => stage?.close())

const get = (account: string, ...lines: string[]) => api.head('GET', `/accounts/${account}/balance`, ...lines)
const pay = () => `${api.head('POST', '/payment', 'Content-Length: 4')}body`

test('are served and answered in turn, refusals among them', async () => {
  seen = []
  const wire = openWire(stage.gateway.port)
  wire.say(
    get('1') +
      pay() +
      api.head('GET', '/nothing') +
      get('2').replace(api.key, 'wrong') +
      get('3', 'Connection: close'),
  )
  const text = await wire.ends()
  expect(wire.statuses()).toEqual([200, 200, 404, 401, 200])
  expect(seen).toEqual(['GET /accounts/1/balance', 'POST /payment', 'GET /accounts/3/balance'])
  expect(text.match(/answer to .*/g)).toEqual(seen.map((line) => `answer to ${line.split(' ')[1]}`))
})

test('a payment waits for the answer to the call before it', async () => {
  seen = []
  waiting = []
  const wire = openWire(stage.gateway.port)
  wire.say(get('held') + pay())
  await until(() => waiting.length === 1)
  // Another connection is served meanwhile: so the payment had its chance to overtake.
  const other = openWire(stage.gateway.port)
  other.say(get('other', 'Connection: close'))
  await other.ends()
  expect(seen).toEqual(['GET /accounts/held/balance', 'GET /accounts/other/balance'])
  waiting[0]![1].end('held')
  await until(() => wire.statuses().length === 2)
  expect(seen.at(-1)).toBe('POST /payment')
  wire.close()
})

test('one behind an answer that ends the connection is not served', async () => {
  seen = []
  const wire = openWire(stage.gateway.port)
  wire.say(`${api.head('POST', '/payment', 'Host: twice')}${pay()}`)
  await wire.ends()
  expect(wire.statuses()).toEqual([400])
  expect(seen).toEqual([])
})

test('when the connection breaks, those that waited are never sent, and nothing is left in flight', async () => {
  seen = []
  waiting = []
  const wire = openWire(stage.gateway.port)
  wire.say(get('held') + pay() + pay())
  await until(() => waiting.length === 1)
  wire.close()
  await until(async () => (await stage.metric('gateway_requests_in_flight')) === 0)
  expect(seen).toEqual(['GET /accounts/held/balance'])
})

test('a flood of them ends the connection', async () => {
  waiting = []
  const wire = openWire(stage.gateway.port)
  wire.say(get('held') + pay().repeat(500))
  await wire.ends()
  expect(wire.statuses()).toEqual([])
  await until(async () => (await stage.metric('gateway_requests_in_flight')) === 0)
})

test('an upgrade behind an open answer is not served, and that answer is the last', async () => {
  waiting = []
  const wire = openWire(stage.gateway.port)
  wire.say(
    get('held') +
      get(
        '1',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Key: a',
        'Sec-WebSocket-Version: 13',
      ),
  )
  await until(() => waiting.length === 1)
  waiting[0]![1].end('held')
  const text = await wire.ends()
  expect(wire.statuses()).toEqual([200])
  expect(text).toMatch(/connection: close/i)
})

test('a connection is used again after refusals of every kind that leave it certain', async () => {
  seen = []
  const wire = openWire(stage.gateway.port)
  const calls: [string, number][] = [
    [api.head('GET', '/nothing'), 404],
    [api.head('DELETE', '/payment'), 405],
    [get('1').replace(api.key, 'wrong'), 401],
    [api.head('GET', '/../x'), 400],
    [pay().replace(api.key, 'wrong'), 401],
    [pay(), 200],
    [get('2'), 200],
  ]
  for (const [i, [bytes]] of calls.entries()) {
    wire.say(bytes)
    await until(() => wire.statuses().length === i + 1)
  }
  expect(wire.statuses()).toEqual(calls.map(([, status]) => status))
  expect(seen).toEqual(['POST /payment', 'GET /accounts/2/balance'])
  wire.close()
})
