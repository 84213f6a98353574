import { constants } from 'node:http2'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { block, endHeaders, endStream, type FrameWire, frame, number32, type } from '../support/frames.ts'
import { openFrames, openHttp2 } from '../support/http2.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { type StrictUpstream, startStrictUpstream } from '../support/strict-upstream.ts'
import { type TlsFolder, tlsFolder } from '../support/tls-gateway.ts'
import { until } from '../support/until.ts'

/** Requests of HTTP/2 that are malformed (RFC 9113 §8.1.1), before a service that reads HTTP/1.1 by the letter. */

let tls: TlsFolder
let stage: Stage
let api: StagedApi
let service: StrictUpstream
let wire: FrameWire

beforeAll(async () => {
  tls = await tlsFolder()
  stage = await startStage({ ...tls.env, GATEWAY_THREADS: '1' })
  service = stage.keep(await startStrictUpstream())
  api = await stage.api('pay', { targets: [{ url: service.url }], upstream: { preserveHost: true } })
}, 60_000)
afterAll(() => stage?.close())
beforeEach(async () => {
  wire = await openFrames(stage.gateway.tlsPort, tls)
})
afterEach(() => wire.close())

type Lines = [string, string][]
const pseudo = (method = 'GET'): Lines => [
  [':method', method],
  [':scheme', 'https'],
  [':authority', 'gateway.test'],
  [':path', `${api.path}/files`],
]
const sayHead = (lines: Lines, flags = endStream, stream = 1) =>
  wire.say(frame(type.headers, endHeaders | flags, stream, block([...lines, ['x-api-key', api.key]])))
const without = (name: string) => pseudo().filter(([line]) => line !== name)
const nothing = { requests: [], brokenOff: [] }

test('a well-formed one arrives', async () => {
  sayHead([...pseudo('PUT'), ['content-length', '3']], 0)
  wire.say(frame(type.data, endStream, 1, 'abc'))
  await wire.hears(type.headers, 1)
  const { requests } = await service.heard()
  expect(requests.map(({ method, body }) => [method, body])).toEqual([['PUT', 'abc']])
})

describe('a head is refused, and no byte of it reaches the service:', () => {
  const cases: [string, () => Lines][] = [
    ['a name in upper case', () => [...pseudo(), ['X-Upper', '1']]],
    ['no method', () => without(':method')],
    ['no path', () => without(':path')],
    ['no scheme', () => without(':scheme')],
    ['an empty path', () => [...without(':path'), [':path', '']]],
    ['a path that is none', () => [...without(':path'), [':path', 'files']]],
    ['two paths', () => [...pseudo(), [':path', '/b']]],
    ['an unknown pseudo-header', () => [...pseudo(), [':other', '1']]],
    ['one of an answer', () => [...pseudo(), [':status', '200']]],
    ['one behind a header', () => [['x-a', '1'], ...pseudo()]],
    ['Connection', () => [...pseudo(), ['connection', 'x-api-key']]],
    ['Keep-Alive', () => [...pseudo(), ['keep-alive', 'timeout=5']]],
    ['Proxy-Connection', () => [...pseudo(), ['proxy-connection', 'close']]],
    ['Upgrade', () => [...pseudo(), ['upgrade', 'h2c']]],
    ['Transfer-Encoding', () => [...pseudo('PUT'), ['transfer-encoding', 'chunked']]],
    ['TE of more than trailers', () => [...pseudo(), ['te', 'gzip']]],
    ['two lengths', () => [...pseudo('PUT'), ['content-length', '1'], ['content-length', '1']]],
    ['a length that is none', () => [...pseudo('PUT'), ['content-length', '+1']]],
    ['a length without a body', () => [...pseudo('PUT'), ['content-length', '3']]],
    ['neither Host nor :authority', () => without(':authority')],
    ['an :authority with a user', () => [...without(':authority'), [':authority', 'a@gateway.test']]],
    ['a tunnel over HTTP/2', () => [...pseudo('CONNECT'), [':protocol', 'websocket']]],
  ]
  test.each(cases)('%s', async (_, lines) => {
    sayHead(lines())
    expect(await wire.reset(1)).toBe(constants.NGHTTP2_PROTOCOL_ERROR)
    expect(await service.heard()).toEqual(nothing)
  })
})

describe('refused with 400:', () => {
  const cases: [string, () => Lines][] = [
    ['a Host that differs from :authority', () => [...pseudo(), ['host', 'other.test']]],
    [
      'two Authorization headers',
      () => [...pseudo(), ['authorization', 'Bearer a'], ['authorization', 'Bearer b']],
    ],
    ['a path with a fragment', () => [...without(':path'), [':path', `${api.path}/files#x`]]],
    ['a path with dots', () => [...without(':path'), [':path', `/..${api.path}/files`]]],
  ]
  test.each(cases)('%s', async (_, lines) => {
    sayHead(lines())
    // Indexed in the static table (RFC 7541 appendix A): `:status 400` is its entry 12.
    expect((await wire.hears(type.headers, 1)).payload[0]).toBe(0x80 | 12)
    expect(await service.heard()).toEqual(nothing)
  })
})

test('a Host that is the same as :authority goes on once', async () => {
  sayHead([...pseudo(), ['host', 'Gateway.test']])
  await wire.hears(type.headers, 1)
  const { requests } = await service.heard()
  expect(requests).toHaveLength(1)
})

test('a tunnel is not opened', async () => {
  sayHead([
    [':method', 'CONNECT'],
    [':authority', 'gateway.test:443'],
  ])
  await Promise.race([wire.hears(type.headers, 1), wire.reset(1)])
  expect(await service.heard()).toEqual(nothing)
})

describe('a body that is not as long as was said never reaches the service as whole', () => {
  const length = '50000' // it streams
  test.each([
    ['shorter, with an end', '3', 'ab', endStream],
    ['longer', '3', 'abcd', 0],
    ['longer, with an end', '3', 'abcd', endStream],
    ['shorter, while it streams', length, 'x'.repeat(10_000), endStream],
  ])('%s', async (_, stated, body, flags) => {
    sayHead([...pseudo('PUT'), ['content-length', stated]], 0)
    wire.say(frame(type.data, flags, 1, body))
    await Promise.race([wire.reset(1), wire.goaway()])
    expect((await service.heard()).requests).toEqual([])
  })

  test('longer, while it streams', async () => {
    sayHead([...pseudo('PUT'), ['content-length', length]], 0)
    for (let i = 0; i < 3; i++) wire.say(frame(type.data, 0, 1, 'x'.repeat(15_000)))
    await until(() => service.begun().includes('xxx'))
    wire.say(frame(type.data, 0, 1, 'x'.repeat(15_000)))
    await Promise.race([wire.reset(1), wire.goaway()])
    const { requests, brokenOff } = await service.heard()
    expect([requests.length, brokenOff.length]).toEqual([0, 1])
  })

  test.each([constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_CANCEL])(
    'cut off by a reset with code %i, with and without a length',
    async (code) => {
      sayHead([...pseudo('PUT'), ['content-length', length]], 0, 1)
      sayHead(pseudo('PUT'), 0, 3)
      for (const stream of [1, 3]) wire.say(frame(type.data, 0, stream, 'x'.repeat(10_000)))
      await until(() => service.begun().split('PUT').length === 3)
      for (const stream of [1, 3]) wire.say(frame(type.reset, 0, stream, number32(code)))
      const { requests, brokenOff } = await service.heard()
      expect([requests.length, brokenOff.length]).toEqual([0, 2])
    },
  )

  test('cut off with its connection', async () => {
    sayHead(pseudo('PUT'), 0)
    wire.say(frame(type.data, 0, 1, 'x'.repeat(10_000)))
    await until(() => service.begun().includes('xxx'))
    wire.close()
    const { requests, brokenOff } = await service.heard()
    expect([requests.length, brokenOff.length]).toEqual([0, 1])
  })
})

test('trailers of a request do not pass, and the call does', async () => {
  sayHead(pseudo('PUT'), 0)
  wire.say(
    frame(type.data, 0, 1, 'abc'),
    frame(type.headers, endHeaders | endStream, 1, block([['x-t', '1']])),
  )
  await wire.hears(type.headers, 1)
  const { requests } = await service.heard()
  expect(requests.map(({ body }) => body)).toEqual(['abc'])
  expect(requests[0]!.bytes).not.toContain('x-t')
})

test('what no proper client says of the connection ends the connection alone', async () => {
  wire.say(frame(type.data, 0, 7, 'abc'))
  await until(wire.isEnded)
  const session = await openHttp2(stage.gateway.tlsPort, tls)
  session.destroy()
})
