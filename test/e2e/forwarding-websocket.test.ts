import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { upstream } from '../support/upstream.ts'
import { call, openWire, startBareService, startService } from '../support/wire.ts'

let stage: Stage
let api: StagedApi
const asked: IncomingMessage[] = []
let sockets: WebSocketServer

beforeAll(async () => {
  stage = await startStage()
  const service = stage.keep(await startService(answerPlainly))
  sockets = new WebSocketServer({
    server: service.server,
    handleProtocols: (offered) => (offered.has('payments.v2') ? 'payments.v2' : false),
  })
  sockets.on('connection', (socket, req) => {
    asked.push(req)
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  api = await stage.api('live', { targets: [{ url: service.url, maxConnections: 2 }] })
}, 60_000)
afterAll(() => stage?.close())

function answerPlainly(req: IncomingMessage, res: ServerResponse) {
  req.resume()
  res.writeHead(200, { 'x-upgrade-seen': String(req.headers.upgrade) }).end('a plain answer')
}

const handshake = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]
const path = '/accounts/1/balance'
const open = (to: StagedApi, rest = path, options: { key?: string; protocols?: string[] } = {}) =>
  new WebSocket(to.url.replace('http', 'ws') + rest, options.protocols ?? [], {
    headers: { 'x-api-key': options.key ?? to.key },
  })
/** The answer to an upgrade that was not taken. */
async function refusal(socket: WebSocket) {
  socket.on('error', () => {})
  const [, res] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  let body = ''
  for await (const chunk of res.setEncoding('utf8')) body += chunk
  return { status: res.statusCode, headers: res.headers, body }
}
const closed = async (socket: WebSocket) => {
  const end = once(socket, 'close')
  socket.close()
  await end
}
const plain = async () => (await call(api.url + path, { headers: { 'x-api-key': api.key } })).status

describe('a WebSocket', () => {
  test('is opened like a call: same credential, path and query, clean headers, subprotocol; texts and bytes pass', async () => {
    const socket = open(api, `${path}?since=%2F1`, { protocols: ['payments.v1', 'payments.v2'] })
    await once(socket, 'open')
    expect(socket.protocol).toBe('payments.v2')
    const req = asked.at(-1)!
    expect(req.url).toBe('/accounts/1/balance?since=%2F1')
    expect(req.headers).toMatchObject({ 'x-gateway-partner': api.partnerId, via: '1.1 gateway' })
    expect(req.headers['x-api-key']).toBeUndefined()
    expect(req.headers['x-forwarded-for']).toBe('127.0.0.1')

    socket.send('one')
    expect(String((await once(socket, 'message'))[0])).toBe('one')
    const bytes = Buffer.alloc(300_000, 7)
    socket.send(bytes)
    expect((await once(socket, 'message'))[0].equals(bytes)).toBe(true)
    await closed(socket)
  })

  test('counts as a call in flight until it closes, whoever closes it', async () => {
    const [one, two] = [open(api), open(api)]
    await Promise.all([once(one, 'open'), once(two, 'open')])
    expect(await plain()).toBe(503)
    expect(JSON.parse((await refusal(open(api))).body).code).toBe('upstream-busy')
    await closed(one)
    await until(async () => (await plain()) === 200)
    one.terminate()
    const three = open(api)
    await once(three, 'open')
    expect(await plain()).toBe(503)
    two.terminate()
    await until(async () => (await plain()) === 200)
    for (const socket of sockets.clients) socket.terminate()
    await once(three, 'close')
    await Promise.all([until(async () => (await plain()) === 200)])
    await until(async () => (await stage.metric('gateway_requests_in_flight')) === 0)
  })

  test.each([
    ['a wrong key', { key: 'wrong' }, path, 401, 'credential-invalid'],
    ['nothing at its address', {}, '/nothing', 404, 'route-unknown'],
    ['a method that is not there', {}, '/payment', 405, 'method-not-allowed'],
  ])('with %s is refused by a proper answer', async (_, options, rest, status, code) => {
    const answer = await refusal(open(api, rest, options))
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(JSON.parse(answer.body)).toMatchObject({ code, status })
    if (status === 401) expect(answer.headers['www-authenticate']).toBeDefined()
    if (status === 405) expect(answer.headers.allow).toBe('POST')
  })

  test('what a partner sends before the tunnel is there waits for it', async () => {
    const service = stage.keep(
      await startBareService((socket, heard) => {
        if (heard.endsWith('\r\n\r\n'))
          accept = () => void socket.write(`HTTP/1.1 101 Go\r\n${agreed}\r\n\r\n`)
      }),
    )
    const agreed = 'connection: upgrade\r\nupgrade: websocket'
    let accept: (() => void) | undefined
    const early = await stage.api('early', { targets: [{ url: service.url }] })
    const wire = openWire(stage.gateway.port)
    wire.say(`${early.head('GET', path, ...handshake)}with the head,`)
    await until(() => accept)
    wire.say(' and after it')
    expect(service.heard()).not.toContain('with the head')
    accept!()
    await until(() => service.heard().endsWith('with the head, and after it'))
    expect(wire.statuses()).toEqual([101])
    wire.close()
  })

  test('with a body is refused', async () => {
    const wire = openWire(stage.gateway.port)
    wire.say(`${api.head('GET', path, ...handshake, 'Content-Length: 4')}abcd`)
    await wire.ends()
    expect(wire.statuses()).toEqual([400])
  })
})

describe('the service does not take it', () => {
  test('its own answer passes, in chunks too, and the slot comes back', async () => {
    const service = stage.keep(
      await startService((req, res) => {
        req.resume()
        res.end()
      }),
    )
    service.server.on('upgrade', (req, socket) => {
      const chunks = req.url!.includes('/chunks/')
      const head = 'HTTP/1.1 426 Upgrade Required\r\nx-from: service\r\n'
      socket.end(
        chunks
          ? `${head}transfer-encoding: chunked\r\n\r\n5\r\nnever\r\n0\r\n\r\n`
          : `${head}content-length: 5\r\n\r\nnever`,
      )
    })
    const shy = await stage.api('shy', { targets: [{ url: service.url, maxConnections: 1 }] })
    for (const account of ['1', 'chunks', '2']) {
      const answer = await refusal(open(shy, `/accounts/${account}/balance`))
      expect([answer.status, answer.headers['x-from'], answer.body]).toEqual([426, 'service', 'never'])
    }
  })

  test('not reached: 502', async () => {
    const gone = await upstream().refuses()
    const nobody = await stage.api('nobody', { targets: [{ url: gone.url, maxConnections: 1 }] })
    for (let i = 0; i < 2; i++) {
      const answer = await refusal(open(nobody))
      expect([answer.status, JSON.parse(answer.body).code]).toEqual([502, 'upstream-unreachable'])
    }
  })

  test('broken off: 502; silent: 504, and its connection ends', async () => {
    let ended = 0
    const service = stage.keep(
      await startBareService((socket, heard) => {
        if (heard.includes('/breaks/')) socket.destroy()
        else socket.once('close', () => ended++)
      }),
    )
    const bad = await stage.api('bad', {
      targets: [{ url: service.url, maxConnections: 1 }],
      upstream: { firstByteTimeoutMs: 200 },
    })
    const broken = await refusal(open(bad, '/accounts/breaks/balance'))
    expect([broken.status, JSON.parse(broken.body).code]).toEqual([502, 'upstream-broke'])
    for (let i = 1; i <= 2; i++) {
      const silent = await refusal(open(bad, '/accounts/silent/balance'))
      expect([silent.status, JSON.parse(silent.body).code]).toEqual([504, 'upstream-timeout'])
      await until(() => ended === i)
    }
  })

  test('a partner that goes away during the handshake ends it, and gives the slot back', async () => {
    let ended = 0
    const service = stage.keep(await startBareService((socket) => void socket.once('close', () => ended++)))
    const slow = await stage.api('slow', { targets: [{ url: service.url, maxConnections: 1 }] })
    for (let i = 1; i <= 2; i++) {
      const wire = openWire(stage.gateway.port)
      wire.say(slow.head('GET', path, ...handshake))
      await until(() => service.heard().split('GET ').length === i + 1)
      wire.close()
      await until(() => ended === i)
    }
  })

  test('a tunnel is only made of a 101: what is said before it is no answer', async () => {
    const heard: string[] = []
    const service = stage.keep(
      await startBareService((socket, text) => {
        heard.push(text)
        if (text.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      }),
    )
    const sly = await stage.api('sly', { targets: [{ url: service.url }] })
    const wire = openWire(stage.gateway.port)
    wire.say(
      sly.head('GET', path, ...handshake) +
        sly.head('POST', '/payment', 'X-Hidden: yes', 'Content-Length: 0'),
    )
    await wire.ends()
    expect(wire.statuses()).toEqual([200])
    expect(heard.join('')).not.toContain('X-Hidden')
  })
})

test.each(['h2c', 'TLS/1.0', 'websocket2'])(
  'another protocol, as %s, is not offered: the call is served',
  async (token) => {
    const wire = openWire(stage.gateway.port)
    wire.say(api.head('GET', path, 'Connection: Upgrade, close', `Upgrade: ${token}`))
    const text = await wire.ends()
    expect(wire.statuses()).toEqual([200])
    expect(text).toContain('x-upgrade-seen: undefined')
  },
)

test('an Upgrade on a method that is not GET is not taken either', async () => {
  const wire = openWire(stage.gateway.port)
  wire.say(`${api.head('POST', '/payment', ...handshake, 'Content-Length: 4')}abcd`)
  await until(() => wire.statuses().length === 1)
  expect(wire.statuses()).toEqual([200])
  wire.close()
})
