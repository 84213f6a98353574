import { once } from 'node:events'
import { type ClientHttp2Session, constants } from 'node:http2'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { block, endHeaders, endStream, type FrameWire, frame, number32, type } from '../support/frames.ts'
import { callHttp2, openFrames, openHttp2, openStream } from '../support/http2.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { type TlsFolder, tlsFolder } from '../support/tls-gateway.ts'
import { until } from '../support/until.ts'
import { startService } from '../support/wire.ts'

/** What one connection can do to the gateway by HTTP/2 alone. Beside each: a second connection is served all the while. */

let tls: TlsFolder
let stage: Stage
let api: StagedApi
let other: ClientHttp2Session
let reached = 0

beforeAll(async () => {
  tls = await tlsFolder()
  stage = await startStage({ ...tls.env, GATEWAY_THREADS: '1', GATEWAY_BODY_IDLE_TIMEOUT_MS: '1000' })
  const service = await startService((req, res) => {
    reached++
    req.resume()
    if (req.url === '/accounts/1/balance') res.end(Buffer.alloc(1_000_000))
    else if (req.method === 'PUT') req.once('end', () => res.end('ok'))
    else setTimeout(() => res.end('ok'), 50)
  })
  stage.keep(service)
  api = await stage.api('pay', { targets: [{ url: service.url }] })
  other = await openHttp2(stage.gateway.tlsPort, tls)
}, 60_000)
afterAll(async () => {
  other?.destroy()
  await stage?.close()
})

const path = () => `${api.path}/files`
const head = (method = 'GET', more: [string, string][] = []) =>
  block([
    [':method', method],
    [':scheme', 'https'],
    [':authority', 'gateway.test'],
    [':path', path()],
    ['x-api-key', api.key],
    ...more,
  ])
const own = () => ({ ':authority': 'gateway.test', ':path': path(), 'x-api-key': api.key })
const get = (stream: number) => frame(type.headers, endHeaders | endStream, stream, head())
const open = () => openFrames(stage.gateway.tlsPort, tls)
const calm = constants.NGHTTP2_ENHANCE_YOUR_CALM

/** Says the same again and again until the gateway has enough of it. @returns how often it was said */
async function flood(wire: FrameWire, piece: (round: number) => Buffer, perRound: number): Promise<number> {
  let said = 0
  while (!wire.isEnded() && !wire.frames.some((f) => f.type === type.goaway)) {
    if (said > 100_000) throw new Error('it takes all of it')
    wire.say(...Array.from({ length: perRound }, (_, i) => piece(said + i)))
    said += perRound
    await new Promise(setImmediate)
  }
  return said
}

async function isServed() {
  const answer = await callHttp2(other, own())
  expect(answer.status).toBe(200)
}

test('CVE-2023-44487: calls that are opened and reset at once end the connection', async () => {
  const wire = await open()
  const before = reached
  const reset = (id: number) => frame(type.reset, 0, id, number32(constants.NGHTTP2_CANCEL))
  await flood(wire, (n) => Buffer.concat([get(2 * n + 1), reset(2 * n + 1)]), 50)
  expect(await wire.goaway()).toBe(calm)
  await until(wire.isEnded)
  expect(reached - before).toBeLessThan(1_000)
  await isServed()
})

test('CVE-2025-8671: calls that make the gateway reset them count as well', async () => {
  const wire = await open()
  // A window that grows by nothing is a fault of the stream (RFC 9113 §6.9).
  const fault = (id: number) => frame(type.windowUpdate, 0, id, number32(0))
  await flood(wire, (n) => Buffer.concat([get(2 * n + 1), fault(2 * n + 1)]), 50)
  await wire.goaway()
  await until(wire.isEnded)
  await isServed()
})

test('a caller that gives up calls now and then is served on', async () => {
  const session = await openHttp2(stage.gateway.tlsPort, tls)
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 50; i++) openStream(session, own()).close(constants.NGHTTP2_CANCEL)
    const answer = await callHttp2(session, own())
    expect([answer.status, answer.code]).toEqual([200, 0])
  }
  session.destroy()
})

test('CVE-2024-27983: a head without end ends the connection', async () => {
  const wire = await open()
  wire.say(frame(type.headers, endStream, 1, head()))
  const line = block([['x-more', 'x'.repeat(100)]])
  await flood(wire, () => frame(type.continuation, 0, 1, line), 10)
  await until(wire.isEnded)
  await isServed()
})

test('a head that is longer than is taken is refused, and others on the connection are served', async () => {
  const wire = await open()
  const before = reached
  const lines = Array.from({ length: 10 }, (_, i): [string, string] => [`x-${i}`, 'x'.repeat(2_000)])
  const long = head('GET', lines)
  wire.say(
    frame(type.headers, endStream, 1, long.subarray(0, 10_000)),
    frame(type.continuation, endHeaders, 1, long.subarray(10_000)),
    get(3),
  )
  await wire.hears(type.headers, 3)
  const { payload } = await wire.hears(type.data, 1)
  expect(payload.toString()).toContain('"headers-too-large"')
  expect(reached - before).toBe(1)
  wire.close()
})

test('too many header lines are refused by the same problem as in HTTP/1.1', async () => {
  const session = await openHttp2(stage.gateway.tlsPort, tls)
  const more = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x-${i}`, '1']))
  const answer = await callHttp2(session, { ...own(), ...more })
  expect([answer.status, answer.json().code]).toEqual([431, 'headers-too-large'])
  session.destroy()
})

test.each([
  ['PING (CVE-2019-9512)', () => frame(type.ping, 0, 0, Buffer.alloc(8))],
  ['SETTINGS (CVE-2019-9515)', () => frame(type.settings, 0, 0)],
])('a flood of %s ends the connection', async (_, piece) => {
  const wire = await open()
  await flood(wire, piece, 100)
  await until(wire.isEnded)
  await isServed()
})

test('CVE-2019-9518: empty pieces of a body end the connection', async () => {
  const wire = await open()
  wire.say(frame(type.headers, endHeaders, 1, head('PUT')))
  await flood(wire, () => frame(type.data, 0, 1), 20)
  await until(wire.isEnded)
  await isServed()
})

test('more calls at once than are offered are refused, and the service sees none of them', async () => {
  const wire = await open()
  const before = reached
  wire.say(...Array.from({ length: 120 }, (_, n) => frame(type.headers, endHeaders, 2 * n + 1, head('PUT'))))
  const code = await Promise.race([wire.reset(239), wire.goaway()])
  expect([constants.NGHTTP2_REFUSED_STREAM, constants.NGHTTP2_PROTOCOL_ERROR]).toContain(code)
  expect(reached - before).toBeLessThanOrEqual(100)
  wire.close()
  await isServed()
})

test('CVE-2019-9511: who opens no window is cut off, and its place at the service is free again', async () => {
  const session = await openHttp2(stage.gateway.tlsPort, tls, { settings: { initialWindowSize: 0 } })
  const stalled = openStream(session, {
    ':authority': 'gateway.test',
    ':path': `${api.path}/accounts/1/balance`,
    'x-api-key': api.key,
  })
  await once(stalled, 'response')
  const closed = new Promise((resolve) => stalled.once('close', resolve))
  await closed
  expect(stalled.rstCode).not.toBe(0)
  await until(async () => (await stage.metric('gateway_upstream_in_flight')) === 0)
  session.destroy()
})

test('an answer that waits behind another on its connection is not cut off', async () => {
  const wire = await open()
  const balance = block([
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', 'gateway.test'],
    [':path', `${api.path}/accounts/1/balance`],
    ['x-api-key', api.key],
  ])
  for (const stream of [1, 3]) wire.say(frame(type.headers, endHeaders | endStream, stream, balance))
  const taken = (stream: number) =>
    wire.frames
      .filter((f) => f.type === type.data && f.stream === stream)
      .reduce((sum, f) => sum + f.payload.length, 0)
  // The window of the connection is used up; only the first call's is opened again.
  await until(() => taken(1) + taken(3) === 65_535)
  const begin = performance.now()
  while (performance.now() - begin < 2_500) {
    const before = taken(1)
    const more = number32(16_384)
    wire.say(frame(type.windowUpdate, 0, 0, more), frame(type.windowUpdate, 0, 1, more))
    await until(() => taken(1) > before || taken(3) > 0)
    await new Promise((resolve) => setTimeout(resolve, 300)) // faster than the limit
  }
  expect(wire.frames.some((f) => f.type === type.reset)).toBe(false)
  wire.close()
})

test('who takes little, but goes on taking, is not cut off', async () => {
  const wire = await open()
  const balance = block([
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', 'gateway.test'],
    [':path', `${api.path}/accounts/1/balance`],
    ['x-api-key', api.key],
  ])
  wire.say(frame(type.headers, endHeaders | endStream, 1, balance))
  const taken = () =>
    wire.frames.filter((f) => f.type === type.data).reduce((sum, f) => sum + f.payload.length, 0)
  await until(() => taken() === 65_535)
  const begin = performance.now()
  while (performance.now() - begin < 2_000) {
    const before = taken()
    wire.say(
      frame(type.windowUpdate, 0, 0, number32(16_384)),
      frame(type.windowUpdate, 0, 1, number32(16_384)),
    )
    await until(() => taken() > before)
    await new Promise((resolve) => setTimeout(resolve, 300)) // slower than the line, faster than the limit
  }
  expect(wire.frames.some((f) => f.type === type.reset)).toBe(false)
  wire.close()
})

test('what ends a connection is counted', async () => {
  expect(await stage.metric('gateway_unreadable_requests_total')).toBeGreaterThan(3)
})
