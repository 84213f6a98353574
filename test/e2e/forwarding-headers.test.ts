import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { getHeader } from '../../policies/header-list.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { call, openCall, openWire, startBareService, startService } from '../support/wire.ts'

let stage: Stage
let echo: Echo
let api: StagedApi
/** Answers as the path says. */
let teller: StagedApi

beforeAll(async () => {
  stage = await startStage({ GATEWAY_TRUSTED_PROXIES: '127.0.0.1/32' })
  echo = stage.keep(await startEcho())
  api = await stage.api('echo', { targets: [{ url: echo.url }] })
  const service = stage.keep(await startService(tell))
  teller = await stage.api('teller', { targets: [{ url: service.url }] })
}, 60_000)
afterAll(() => stage?.close())

const zipped = gzipSync('{"status":"success"}')
function tell(req: IncomingMessage, res: import('node:http').ServerResponse) {
  req.resume()
  switch (req.url!.split('/')[2]) {
    case 'empty':
      return res.writeHead(204, { 'x-a': '1' }).end()
    case 'unchanged':
      return res.writeHead(304, { etag: '"1"' }).end()
    case 'hints':
      res.writeEarlyHints({ link: '</a.css>; rel=preload' })
      res.writeProcessing()
      return res.end('after hints')
    case 'trailers':
      if (req.method === 'HEAD')
        return req.socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-checksum\r\n\r\n')
      res.writeHead(200, { trailer: 'x-checksum, content-length' })
      res.write('body')
      res.addTrailers({ 'x-checksum': 'abc', 'set-cookie': 'no=1', 'x-request-id': 'forged' })
      return res.end()
    case 'zipped':
      return res.writeHead(200, { 'content-encoding': 'gzip', 'content-length': zipped.length }).end(zipped)
    default:
      return res
        .writeHead(200, { 'content-length': 2, connection: 'x-secret', 'x-secret': '1', 'x-open': '2' })
        .end('ok')
  }
}

const key = ({ key }: StagedApi) => ({ 'x-api-key': key })
const balance = (account: string, method = 'GET', headers = {}) =>
  call(`${teller.url}/accounts/${account}/balance`, { method, headers: { ...key(teller), ...headers } })
const seenBy = () => {
  const { headers } = echo.seen.at(-1)!
  return (name: string) => getHeader(headers, name)
}

describe('headers of the call', () => {
  test('those of one hop and those that Connection names stay here, but none that is relied on', async () => {
    const wire = openWire(stage.gateway.port)
    wire.say(
      `${api.head(
        'POST',
        '/payment',
        'Connection: keep-alive, x-hop, content-length, x-api-key, idempotency-key',
        'X-Hop: 1',
        'Keep-Alive: timeout=5',
        'Proxy-Authorization: Basic abc',
        'Idempotency-Key: k1',
        'X-Stay: 2',
        'Content-Length: 4',
      )}abcd`,
    )
    await wire.hears(/^HTTP\/1.1 200/)
    wire.close()
    const get = seenBy()
    expect(echo.seen.at(-1)!.body.toString()).toBe('abcd')
    expect(['x-hop', 'proxy-authorization', 'x-api-key'].map(get)).toEqual([undefined, undefined, undefined])
    expect(get('idempotency-key')).toBe('k1')
    expect(get('x-stay')).toBe('2')
    expect(get('content-length')).toBe('4')
  })

  test('the chain of trusted proxies is carried on, and the trace', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    const answer = await call(`${api.url}/payment`, {
      method: 'POST',
      headers: {
        ...key(api),
        'x-forwarded-for': '6.6.6.6, 203.0.113.7',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'pay.bank.test',
        via: '1.1 edge',
        'x-request-id': 'forged',
        traceparent,
      },
    })
    const get = seenBy()
    expect(get('x-forwarded-for')).toBe('6.6.6.6, 203.0.113.7, 127.0.0.1')
    expect(get('forwarded')).toBe('for=203.0.113.7;host="pay.bank.test";proto=https')
    expect(get('via')).toBe('1.1 edge, 1.1 gateway')
    expect(get('traceparent')).toBe(traceparent)
    expect(get('x-request-id')).toBe(answer.headers['x-request-id'])
    expect(get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('bytes beyond ASCII in a header and escapes in the query arrive as they were sent', async () => {
    const wire = openWire(stage.gateway.port)
    wire.say(api.head('GET', '/accounts/a%20b/balance?x=%2f..%2F&y=%E2%82%AC+1', 'X-Name: Jos\xe9'))
    await wire.hears(/^HTTP\/1.1 200/)
    wire.close()
    expect(echo.seen.at(-1)!.url).toBe('/accounts/a%20b/balance?x=%2f..%2F&y=%E2%82%AC+1')
    expect(seenBy()('x-name')).toBe('Jos\xe9')
  })

  test('a GET with a body, short or in chunks, is forwarded whole', async () => {
    const url = `${api.url}/accounts/1/balance`
    for (const body of ['short', 'long'.repeat(20_000)]) {
      await call(url, { headers: { ...key(api), 'content-length': body.length }, body })
      expect(echo.seen.at(-1)!.body.toString()).toBe(body)
      await call(url, { headers: { ...key(api), 'transfer-encoding': 'chunked' }, body })
      expect(echo.seen.at(-1)!.body.toString()).toBe(body)
    }
  })

  test('a POST without a body stays one', async () => {
    await call(`${api.url}/payment`, { method: 'POST', headers: { ...key(api), 'content-length': 0 } })
    expect(echo.seen.at(-1)!.body).toHaveLength(0)
    expect(seenBy()('content-length')).toBe('0')
  })

  test('trailers of a request stay here; the call is intact, and so is the next', async () => {
    const wire = openWire(stage.gateway.port)
    const head = api.head(
      'POST',
      '/payment',
      'Transfer-Encoding: chunked',
      'Trailer: X-Checksum',
      'TE: trailers',
    )
    wire.say(`${head}4\r\nabcd\r\n0\r\nX-Checksum: 1\r\n\r\n`)
    await wire.hears(/^HTTP\/1.1 200/)
    expect(echo.seen.at(-1)!.body.toString()).toBe('abcd')
    expect(['trailer', 'x-checksum', 'te'].map(seenBy())).toEqual([undefined, undefined, 'trailers'])
    wire.say(api.head('GET', '/accounts/2/balance', 'Connection: close'))
    await wire.ends()
    expect(wire.statuses()).toEqual([200, 200])
  })
})

describe('the answer', () => {
  test('headers of its hop stay here; Via and the request id are added', async () => {
    const { headers } = await balance('1')
    expect(headers).toMatchObject({ 'x-open': '2', via: '1.1 gateway' })
    expect(headers['x-secret']).toBeUndefined()
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  })

  test.each([
    ['204', 'empty', 'GET', 204],
    ['304', 'unchanged', 'GET', 304],
    ['an answer to HEAD', '1', 'HEAD', 200],
    ['an answer to HEAD that announces trailers', 'trailers', 'HEAD', 200],
  ])('%s has no body, and the connection goes on', async (_, account, method, status) => {
    const wire = openWire(stage.gateway.port)
    wire.say(teller.head(method, `/accounts/${account}/balance`))
    wire.say(teller.head('GET', '/accounts/1/balance', 'Connection: close'))
    const text = await wire.ends()
    expect(wire.statuses()).toEqual([status, 200])
    expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toMatch(/^HTTP\/1\.1 200/)
  })

  test('HEAD says the length that GET would have', async () => {
    expect((await balance('1', 'HEAD')).headers['content-length']).toBe('2')
  })

  test('interim answers of the service stay between the service and us', async () => {
    const wire = openWire(stage.gateway.port)
    wire.say(teller.head('GET', '/accounts/hints/balance', 'Connection: close'))
    const text = await wire.ends()
    expect(wire.statuses()).toEqual([200])
    expect(text).toContain('after hints')
  })

  test('its trailers pass, but for those that belong in the head', async () => {
    const answer = await balance('trailers')
    expect(answer.body.toString()).toBe('body')
    expect(answer.trailers).toEqual({ 'x-checksum': 'abc' })
  })

  test('a compressed body is not touched', async () => {
    const answer = await balance('zipped')
    expect(answer.headers['content-encoding']).toBe('gzip')
    expect(answer.body.equals(zipped)).toBe(true)
    expect(gunzipSync(answer.body).toString()).toBe('{"status":"success"}')
  })
})

describe('HTTP/1.0', () => {
  const old = (head: string) => head.replace('HTTP/1.1', 'HTTP/1.0')

  test('is answered without chunks, trailers or interim answers, and the connection ends', async () => {
    const wire = openWire(stage.gateway.port)
    wire.say(old(teller.head('GET', '/accounts/trailers/balance')))
    const text = await wire.ends()
    expect(wire.statuses()).toEqual([200])
    expect(text).not.toMatch(/transfer-encoding|trailer|x-checksum/i)
    expect(text.endsWith('\r\n\r\nbody')).toBe(true)
  })

  test('knows no expectation', async () => {
    const wire = openWire(stage.gateway.port)
    wire.say(`${old(api.head('POST', '/payment', 'Expect: 100-continue', 'Content-Length: 4'))}abcd`)
    await wire.ends()
    expect(wire.statuses()).toEqual([200])
  })
})

describe('Expect: 100-continue', () => {
  test('the body is asked for once the call is allowed', async () => {
    for (const length of [10, 100_000]) {
      const req = openCall(`${api.url}/payment`, {
        method: 'POST',
        headers: { ...key(api), expect: '100-continue', 'content-length': length },
      })
      req.flushHeaders()
      await once(req, 'continue')
      req.end(Buffer.alloc(length, 'x'))
      const [res] = (await once(req, 'response')) as [IncomingMessage]
      expect(res.statusCode).toBe(200)
      res.resume()
      expect(echo.seen.at(-1)!.body).toHaveLength(length)
      expect(seenBy()('expect')).toBeUndefined()
    }
  })

  test('a refused call is never asked for its body', async () => {
    const before = echo.seen.length
    const wire = openWire(stage.gateway.port)
    wire.say(
      api
        .head('POST', '/payment', 'Expect: 100-continue', 'Content-Length: 10')
        .replace(/x-api-key: .*\r\n/, ''),
    )
    await wire.ends()
    expect(wire.statuses()).toEqual([401])
    expect(wire.text()).toMatch(/connection: close/i)
    expect(echo.seen).toHaveLength(before)
  })

  test('nor is one whose stated length is above the limit', async () => {
    const wire = openWire(stage.gateway.port)
    wire.say(api.head('POST', '/payment', 'Expect: 100-continue', 'Content-Length: 99999999'))
    await wire.ends()
    expect(wire.statuses()).toEqual([413])
  })

  test.each(['something-else', '100-continue, something-else'])(
    'the expectation %s is 417',
    async (expect_) => {
      const wire = openWire(stage.gateway.port)
      wire.say(api.head('POST', '/payment', `Expect: ${expect_}`, 'Content-Length: 10'))
      const text = await wire.ends()
      expect(wire.statuses()).toEqual([417])
      expect(text).toContain('expectation-failed')
    },
  )
})

test('events pass one by one, each before the next is sent', async () => {
  const feed = stage.keep(
    await startService((req, res) => {
      req.resume()
      res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      send = (text) => void (text === undefined ? res.end() : res.write(`data: ${text}\n\n`))
    }),
  )
  let send: (text?: string) => void = () => {}
  const events = await stage.api('events', { targets: [{ url: feed.url }] })
  const req = openCall(`${events.url}/files`, { headers: key(events) })
  req.end()
  const [res] = (await once(req, 'response')) as [IncomingMessage] // the head is here before any event was sent
  for (const event of ['one', 'two', 'three']) {
    send(event)
    const [chunk] = await once(res, 'data')
    expect(String(chunk)).toBe(`data: ${event}\n\n`)
  }
  send()
  await once(res.resume(), 'end')
})

test('the head of an answer arrives before its body, also where the length is stated', async () => {
  const slow = stage.keep(
    await startBareService((socket, heard) => {
      if (heard.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n')
    }),
  )
  const late = await stage.api('late-body', { targets: [{ url: slow.url }] })
  const req = openCall(`${late.url}/files`, { headers: key(late) })
  req.on('error', () => {}).end()
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  expect(res.headers['content-length']).toBe('4')
  res.on('error', () => {})
  req.destroy()
})
