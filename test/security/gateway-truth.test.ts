import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { type StrictUpstream, startStrictUpstream } from '../support/strict-upstream.ts'
import { until } from '../support/until.ts'
import { openWire } from '../support/wire.ts'

/** The answer to a call that reached the service is the service's, whatever a partner says behind the call. */

let stage: Stage
let api: StagedApi
let judge: StrictUpstream
let waiting: Socket[] = []

beforeAll(async () => {
  stage = await startStage({ GATEWAY_HEADERS_TIMEOUT_MS: '400' })
  judge = stage.keep(await startStrictUpstream((_request, socket) => waiting.push(socket)))
  api = await stage.api('truth', { targets: [{ url: judge.url }] })
}, 60_000)
afterAll(() => stage?.close())

const get = (...lines: string[]) => api.head('GET', '/accounts/1/balance', ...lines)
const pay = () => `${api.head('POST', '/payment', 'Content-Length: 5')}abcde`
const payInChunks = () =>
  `${api.head('POST', '/payment', 'Transfer-Encoding: chunked')}5\r\nabcde\r\n0\r\n\r\n`
const paid = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npaid'

/** Says a call, and the rest once the service has it; then the service answers. */
async function tell(bytes: string, behind: string) {
  waiting = []
  const wire = openWire(stage.gateway.port)
  wire.say(bytes)
  await until(() => waiting.length === 1)
  wire.say(behind)
  return { wire, say: (text: string) => waiting[0]!.write(text) }
}

const unreadable = () => stage.metric('gateway_unreadable_requests_total')

describe.each([
  ['a GET', get],
  ['a payment', pay],
  ['a payment in chunks', payInChunks],
  ['a call that ends its connection', () => get('Connection: close')],
])('behind %s', (_, call) => {
  test.each([
    ['junk', 'junk\r\n\r\n'],
    ['NUL', '\0\0\0'],
    ['a head that cannot be read', 'POST / HTTP/1.1\r\nX : y\r\n\r\n'],
    ['another version', 'GET / HTTP/7.3\r\n\r\n'],
    ['more bytes than a head may have', `GET / HTTP/1.1\r\nX: ${'a'.repeat(30_000)}`],
  ])('%s: the call has its answer, and the connection ends', async (_, behind) => {
    const before = await unreadable()
    const { wire, say } = await tell(call(), behind)
    await until(async () => (await unreadable()) > before)
    say(paid)
    const text = await wire.ends()
    expect(wire.statuses()).toEqual([200])
    expect(text).toMatch(/connection: close.*paid$/is)
    expect((await judge.heard()).requests).toHaveLength(1)
  })
})

test('a head that does not come to its end, while the call before it is served', async () => {
  const before = await unreadable()
  const { wire, say } = await tell(pay(), get().slice(0, -2))
  await until(async () => (await unreadable()) > before)
  say(paid)
  expect(await wire.ends()).toMatch(/paid$/)
  expect(wire.statuses()).toEqual([200])
})

test('an answer that is under way already comes to its end', async () => {
  const before = await unreadable()
  const { wire, say } = await tell(pay(), '')
  say('HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf')
  await wire.hears(/half$/)
  wire.say('junk\r\n\r\n')
  await until(async () => (await unreadable()) > before)
  say('paid')
  expect(await wire.ends()).toMatch(/halfpaid$/)
  expect(wire.statuses()).toEqual([200])
})

const tunnel = 'CONNECT other.test:443 HTTP/1.1\r\nHost: other.test\r\n\r\n'
const upgrade = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

test.each([
  ['a tunnel behind a call', tunnel, pay, [200, 405]],
  ['an upgrade behind a call', upgrade, pay, [200, 404]],
  ['a tunnel behind a call that streams', tunnel, payInChunks, [200]],
  ['an upgrade behind a call that streams', upgrade, payInChunks, [200]],
])('what asks for %s does not take its answer away', async (_, behind, call, statuses) => {
  const { wire, say } = await tell(call(), behind + get())
  const large = 'x'.repeat(3_000_000) // more than the connection holds
  say(`HTTP/1.1 200 OK\r\ncontent-length: ${large.length + 4}\r\n\r\n${large}paid`)
  const text = await wire.ends(20_000)
  expect(wire.statuses()).toEqual(statuses)
  expect(text).toMatch(/connection: close/i)
  expect(text).toMatch(/xpaid(?:HTTP|$)/)
  await judge.heard()
})

test('a call behind an answer that ends the connection is not served: nobody would hear of it', async () => {
  await judge.heard()
  const wire = openWire(stage.gateway.port)
  wire.say(get('Expect: 100-continue, something'))
  await wire.hears(/417 .*connection: close/is)
  wire.say(pay())
  await wire.ends()
  expect(wire.statuses()).toEqual([417])
  // In one piece, too: node reads on meanwhile, and takes the third for one that comes to a free connection.
  for (let i = 0; i < 20; i++) {
    const another = openWire(stage.gateway.port)
    another.say(get('Expect: 100-continue, something') + pay() + pay())
    another.say(pay())
    await another.ends()
    expect(another.statuses()).toEqual([417])
  }
  expect((await judge.heard()).requests).toEqual([])
})

test('a call between the two is neither served nor answered', async () => {
  await judge.heard()
  const before = await unreadable()
  const { wire, say } = await tell(get(), `${pay()}junk\r\n\r\n`)
  await until(async () => (await unreadable()) > before)
  say(paid)
  await wire.ends()
  expect(wire.statuses()).toEqual([200])
  expect((await judge.heard()).requests.map(({ method }) => method)).toEqual(['GET'])
})

test('a body that breaks while the service reads it: 400 that says so, and never a whole call', async () => {
  await judge.heard()
  const wire = openWire(stage.gateway.port)
  wire.say(`${api.head('POST', '/payment', 'Transfer-Encoding: chunked')}5\r\nabcde\r\n`)
  await until(() => judge.begun().includes('abcde'))
  wire.say('nonsense\r\n')
  const text = await wire.ends()
  expect(wire.statuses()).toEqual([400])
  expect(text).toContain('never the whole of it')
  expect(text).toMatch(/x-request-id: /i)
  const { requests, brokenOff } = await judge.heard()
  expect(requests).toEqual([])
  for (const bytes of brokenOff) expect(bytes).not.toMatch(/\r\n0\r\n\r\n$/)
})

test('one who goes on sending junk still comes to read the refusal', async () => {
  const wire = openWire(stage.gateway.port)
  wire.say(`junk\r\n\r\n${'x'.repeat(200_000)}`)
  await wire.hears(/request-malformed/)
  wire.say('x'.repeat(200_000))
  await wire.ends()
  expect(wire.statuses()).toEqual([400])
})
