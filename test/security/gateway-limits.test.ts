import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Echo, startEcho } from '../support/echo.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { call, openWire, startService } from '../support/wire.ts'

/** Each limit has its answer; and after it, it is certain where the next request begins, or the connection ends. */

let stage: Stage
let echo: Echo
let api: StagedApi
let wide: StagedApi
beforeAll(async () => {
  stage = await startStage({
    GATEWAY_MAX_HEADERS: '20',
    GATEWAY_MAX_HEADER_BYTES: '4096',
    GATEWAY_MAX_URL_BYTES: '1000',
    GATEWAY_MAX_BODY_BYTES: '50000',
    GATEWAY_BODY_IDLE_TIMEOUT_MS: '400',
    GATEWAY_LEAST_BYTES_PER_SECOND: '5',
    GATEWAY_HEADERS_TIMEOUT_MS: '400',
  })
  echo = stage.keep(await startEcho())
  const targets = [{ url: echo.url }]
  api = await stage.api('limits', { targets })
  wide = await stage.api('wide', {
    targets,
    policies: { 'body-limit': { maxBytes: 200_000 } },
    operations: { pay: { policies: { 'body-limit': { maxBytes: 10 } } } },
  })
}, 60_000)
afterAll(() => stage?.close())

const post = (...lines: string[]) => api.head('POST', '/payment', ...lines)
const get = () => api.head('GET', '/accounts/next/balance')
const many = (count: number) => Array.from({ length: count }, (_, i) => `X-A${i}: 1`)
const codes = (text: string) => [...text.matchAll(/"code":"([^"]+)"/g)].map((match) => match[1])
/** Says something refused, and then what would be a call if its body were taken for one. */
async function refusal(bytes: string) {
  const before = echo.seen.length
  const wire = openWire(stage.gateway.port)
  wire.say(bytes)
  const text = await wire.ends()
  expect(wire.statuses()).toHaveLength(1)
  expect(echo.seen).toHaveLength(before)
  expect(text).toMatch(/connection: close/i)
  return [wire.statuses()[0], ...codes(text)]
}

describe('the head', () => {
  test('more header lines than allowed: 431', async () => {
    expect(await refusal(post(...many(30), 'Content-Length: 0'))).toEqual([431, 'headers-too-large'])
    expect(await refusal(post(...many(1_500).map((line) => `${line.slice(0, 3)}:`)))).toEqual([
      431,
      'headers-too-large',
    ])
  })

  test('as many as allowed pass', async () => {
    const wire = openWire(stage.gateway.port)
    wire.say(post(...many(16), 'Content-Length: 0', 'Connection: close'))
    await wire.ends()
    expect(wire.statuses()).toEqual([200])
  })

  test('more bytes than allowed: 431', async () => {
    expect(await refusal(post(`X-A: ${'a'.repeat(5_000)}`))).toEqual([431, 'headers-too-large'])
  })

  test('a longer target than allowed: 414, and the connection goes on', async () => {
    const wire = openWire(stage.gateway.port)
    wire.say(api.head('GET', `/accounts/1/balance?${'x'.repeat(1_000)}`) + get())
    await until(() => wire.statuses().length === 2)
    expect(wire.statuses()).toEqual([414, 200])
    expect(codes(wire.text())).toEqual(['uri-too-long'])
    wire.close()
  })

  test('a head that does not come to its end: 408', async () => {
    const wire = openWire(stage.gateway.port)
    wire.say(post().slice(0, -2))
    expect(codes(await wire.ends())).toEqual(['request-timeout'])
    expect(wire.statuses()).toEqual([408])
  })
})

describe('the body', () => {
  const inner = () => api.head('POST', '/payment', 'X-Inner: yes', 'Content-Length: 0')

  test('a stated length above the limit: 413 at once, and the body is no call', async () => {
    expect(await refusal(post('Content-Length: 500000') + inner())).toEqual([413, 'body-too-large'])
  })

  test('chunks that become more than the limit: 413', async () => {
    const wire = openWire(stage.gateway.port)
    wire.say(post('Transfer-Encoding: chunked'))
    wire.say(`c350\r\n${'x'.repeat(50_000)}\r\n1\r\nx\r\n`)
    expect(codes(await wire.ends())).toEqual(['body-too-large'])
    expect(wire.statuses()).toEqual([413])
    const cut = echo.seen.find(({ body }) => body.length >= 50_000)
    expect(cut?.body.length ?? 50_000).toBe(50_000)
  })

  test('as much as the limit passes, stated or in chunks', async () => {
    const body = Buffer.alloc(50_000, 'x')
    const url = `${api.url}/payment`
    for (const framing of [{ 'content-length': body.length }, { 'transfer-encoding': 'chunked' }]) {
      const answer = await call(url, { method: 'POST', headers: { 'x-api-key': api.key, ...framing }, body })
      expect(answer.status).toBe(200)
    }
  })

  test('the nearest body-limit policy stands in place of the gateway’s own', async () => {
    const send = (path: string, method: string, bytes: number, framing = {}) =>
      call(wide.url + path, {
        method,
        headers: { 'x-api-key': wide.key, ...framing },
        body: Buffer.alloc(bytes),
      })
    const chunked = { 'transfer-encoding': 'chunked' }
    expect((await send('/files', 'PUT', 150_000)).status).toBe(200)
    expect((await send('/files', 'PUT', 150_000, chunked)).status).toBe(200)
    expect((await send('/files', 'PUT', 250_000)).status).toBe(413)
    expect((await send('/files', 'PUT', 250_000, chunked)).status).toBe(413)
    expect((await send('/payment', 'POST', 10)).status).toBe(200)
    expect((await send('/payment', 'POST', 11)).status).toBe(413)
    expect((await send('/payment', 'POST', 11, chunked)).status).toBe(413)
  })

  test.each([
    ['small', 'Content-Length: 10', 'abc'],
    ['large', 'Content-Length: 40000', 'abc'],
    ['in chunks', 'Transfer-Encoding: chunked', '3\r\nabc\r\n'],
  ])('a %s one that stops arriving: 408', async (_, framing, begun) => {
    const wire = openWire(stage.gateway.port)
    wire.say(post(framing) + begun)
    expect(codes(await wire.ends())).toEqual(['request-timeout'])
    expect(wire.statuses()).toEqual([408])
    expect(wire.text()).toMatch(/connection: close/i)
  })

  test('a slow one passes as long as it keeps the least rate', async () => {
    const wire = openWire(stage.gateway.port)
    wire.say(post('Content-Length: 8', 'Connection: close'))
    for (const letter of 'payments') {
      await new Promise((resolve) => setTimeout(resolve, 100)) // the pace is what is tested
      wire.say(letter)
    }
    await wire.ends()
    expect(wire.statuses()).toEqual([200])
    expect(echo.seen.at(-1)!.body.toString()).toBe('payments')
  })

  test('a large one is still read to the partner’s end, so that it comes to read its refusal', async () => {
    const answer = await call(`${api.url}/payment`, {
      method: 'POST',
      headers: { 'x-api-key': api.key, 'content-length': 20_000_000 },
      body: Buffer.alloc(20_000_000),
    })
    expect(answer.json().code).toBe('body-too-large')
  })
})

test('a partner that does not read its answer is cut off, and the service is free again', async () => {
  const block = Buffer.alloc(1_000_000)
  let ended = 0
  const service = stage.keep(
    await startService((req, res) => {
      if (!req.url!.includes('/large/')) return void res.end('ok')
      const push = () => {
        while (!res.destroyed && res.write(block));
      }
      res.on('drain', push).on('close', () => ended++)
      push()
    }),
  )
  const endless = await stage.api('endless', { targets: [{ url: service.url, maxConnections: 1 }] })
  const wire = openWire(stage.gateway.port)
  wire.socket.pause()
  wire.say(endless.head('GET', '/accounts/large/balance'))
  await until(() => ended === 1, { timeoutMs: 10_000 })
  const next = await call(`${endless.url}/accounts/1/balance`, { headers: { 'x-api-key': endless.key } })
  expect(next.status).toBe(200)
  wire.close()
}, 60_000)

describe('an unread body never becomes the next request', () => {
  const keyless = (...lines: string[]) => post(...lines).replace(/x-api-key: .*\r\n/, '')
  const hidden = () => api.head('POST', '/payment', 'X-Hidden: yes', 'Content-Length: 0')

  test('a short one is read and thrown away: the next request is the one after it', async () => {
    const wire = openWire(stage.gateway.port)
    const body = hidden()
    wire.say(keyless(`Content-Length: ${body.length}`))
    await wire.hears(/credential-missing/)
    wire.say(body + get())
    await until(() => wire.statuses().length === 2)
    expect(wire.statuses()).toEqual([401, 200])
    expect(echo.seen.at(-1)!.url).toBe('/accounts/next/balance')
    expect(echo.seen.some(({ headers }) => headers.includes('X-Hidden'))).toBe(false)
    wire.close()
  })

  test.each([
    ['long', 'Content-Length: 70000'],
    ['in chunks', 'Transfer-Encoding: chunked'],
    ['waiting to be asked for', 'Content-Length: 300\r\nExpect: 100-continue'],
  ])('one that is %s ends the connection', async (_, framing) => {
    const wire = openWire(stage.gateway.port)
    wire.say(keyless(framing))
    await wire.hears(/credential-missing/)
    wire.say(hidden() + hidden())
    await wire.ends()
    expect(wire.statuses()).toEqual([401])
    expect(echo.seen.some(({ headers }) => headers.includes('X-Hidden'))).toBe(false)
  })

  test('one that was read in part when the service could not be reached', async () => {
    const gone = await stage.api('gone', { targets: [{ url: 'http://127.0.0.1:9' }] })
    const wire = openWire(stage.gateway.port)
    wire.say(`${gone.head('POST', '/payment', 'Content-Length: 30000')}${'x'.repeat(20_000)}`)
    await wire.hears(/upstream-unreachable/)
    wire.say('x'.repeat(10_000) + get())
    await until(() => wire.statuses().length === 2)
    expect(wire.statuses()).toEqual([502, 200])
    wire.close()
  })
})
