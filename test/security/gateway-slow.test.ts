import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { type Echo, startEcho } from '../support/echo.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { openTls, tlsFolder } from '../support/tls-gateway.ts'
import { until } from '../support/until.ts'
import { call, openWire, startService } from '../support/wire.ts'

/**
 * A partner that never pauses, and is never done: it must not hold a connection, nor a place at a service. Whoever keeps
 * the least rate, or waits for a service that is silent, is left alone.
 */

const idleMs = 1_000
const leastBytesPerSecond = 2_000

let stage: Stage
let echo: Echo
let api: StagedApi
let authority: string
/** Answers that were begun and not ended yet. */
let open = 0

beforeAll(async () => {
  const tls = await tlsFolder()
  authority = tls.authority.cert
  stage = await startStage({
    ...tls.env,
    GATEWAY_BODY_IDLE_TIMEOUT_MS: String(idleMs),
    GATEWAY_LEAST_BYTES_PER_SECOND: String(leastBytesPerSecond),
  })
  echo = stage.keep(await startEcho())
  api = await stage.api('slow', { targets: [{ url: echo.url }] })
}, 60_000)
afterAll(() => stage?.close())

const post = (...lines: string[]) => api.head('POST', '/payment', ...lines)

/** Says so many bytes every 50 ms until the other side has ended, or for so long. @returns after how many ms it ended */
async function drip(wire: ReturnType<typeof openWire>, piece: string, forMs: number) {
  const startedAt = performance.now()
  let isEnded = false
  void wire.ends(60_000).then(() => {
    isEnded = true
  })
  while (!isEnded && performance.now() - startedAt < forMs) {
    wire.say(piece)
    await wait(50) // the pace is what is tested
  }
  return performance.now() - startedAt
}

describe('a body that drips', () => {
  test.each([
    ['a short one', 'Content-Length: 10000', 'x'],
    ['a long one', 'Content-Length: 1000000', 'x'],
    ['one in chunks', 'Transfer-Encoding: chunked', '1\r\nx\r\n'],
  ])('is 408, and the service never has the whole of it: %s', async (_, framing, piece) => {
    const before = echo.answered()
    const wire = openWire(stage.gateway.port)
    wire.say(post(framing))
    await drip(wire, piece, 8_000)
    expect(wire.statuses()).toEqual([408])
    expect(wire.text()).toContain('"code":"request-timeout"')
    expect(wire.text()).toMatch(/connection: close/i)
    expect(echo.answered()).toBe(before)
    wire.close()
  })

  // What is said beyond its length is no call, and of no matter here.
  test('passes where it keeps the least rate, for longer than a silence may last', async () => {
    for (const framing of ['Content-Length: 10000', 'Content-Length: 20000']) {
      const length = Number(framing.slice(16))
      const wire = openWire(stage.gateway.port)
      wire.say(post(framing, 'Connection: close'))
      await drip(wire, 'x'.repeat(length / 50), 1.5 * idleMs)
      wire.say('x'.repeat(length))
      await wire.ends()
      expect(wire.statuses()).toEqual([200])
      wire.close()
    }
  })
})

describe('an answer that is taken in drops', () => {
  const block = Buffer.alloc(1_000_000)

  async function endless(name: string) {
    const service = stage.keep(
      await startService((req, res) => {
        if (!req.url!.includes('/large/')) return void res.end('ok')
        open++
        const push = () => {
          while (!res.destroyed && res.write(block));
        }
        res.on('drain', push).on('close', () => open--)
        push()
      }),
    )
    return stage.api(name, { targets: [{ url: service.url, maxConnections: 1 }] })
  }

  /** Takes a little of what came, every 50 ms, until the connection has ended. @returns whether it broke */
  async function sip(socket: ReturnType<typeof openWire>['socket']) {
    let fault: NodeJS.ErrnoException | undefined
    socket.on('error', (error) => {
      fault = error
    })
    socket.pause()
    socket.removeAllListeners('data')
    const end = Date.now() + 15_000
    while (!socket.destroyed && !socket.readableEnded && Date.now() < end) {
      socket.read(10)
      await wait(50)
      if (open === 0) socket.resume() // it was cut off: the rest is what had been sent before
    }
    return fault?.code
  }

  test.each(['1.1', '1.0'])('is cut off and never looks whole: HTTP/%s', async (version) => {
    const cut = await stage.metric('gateway_slow_readers_cut_total')
    const slow = await endless(`drops-${version.replace('.', '-')}`)
    const wire = openWire(stage.gateway.port)
    wire.say(slow.head('GET', '/accounts/large/balance').replace('HTTP/1.1', `HTTP/${version}`))
    await until(() => open === 1)
    expect(await sip(wire.socket)).toBe('ECONNRESET')
    expect(open).toBe(0)
    expect(await stage.metric('gateway_slow_readers_cut_total')).toBe(cut + 1)
    const next = await call(`${slow.url}/accounts/1/balance`, { headers: { 'x-api-key': slow.key } })
    expect(next.status).toBe(200)
  })

  test('is cut off under TLS, too', async () => {
    const slow = await endless('drops-tls')
    const socket = await openTls(stage.gateway.tlsPort, { ca: authority })
    socket.write(slow.head('GET', '/accounts/large/balance'))
    await until(() => open === 1)
    await sip(socket)
    expect(open).toBe(0)
  })

  test('ends a WebSocket', async () => {
    const service = stage.keep(await startService(() => {}))
    let isEnded = false
    new WebSocketServer({ server: service.server }).on('connection', (socket) => {
      const push = () => {
        if (socket.readyState === socket.OPEN) socket.send(block, () => setImmediate(push))
      }
      push()
      socket.on('close', () => {
        isEnded = true
      })
    })
    const sockets = await stage.api('drops-socket', { targets: [{ url: service.url }] })
    const url = `${sockets.url.replace('http:', 'ws:')}/accounts/1/balance`
    const socket = new WebSocket(url, { headers: { 'x-api-key': sockets.key } })
    socket.on('error', () => {})
    await once(socket, 'open')
    socket.pause()
    await until(() => isEnded, { timeoutMs: 15_000 })
    socket.terminate()
  }, 30_000)
})

describe('a service that is silent', () => {
  test('is waited for: before its answer, and in the midst of one', async () => {
    const service = stage.keep(
      await startService(async (_req, res) => {
        await wait(3 * idleMs) // longer than a partner may be
        res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
        await wait(3 * idleMs)
        res.end('data: 2\n\n')
      }),
    )
    const events = await stage.api('events', { targets: [{ url: service.url }] })
    const answer = await call(`${events.url}/accounts/1/balance`, { headers: { 'x-api-key': events.key } })
    expect(answer.status).toBe(200)
    expect(String(answer.body)).toBe('data: 1\n\ndata: 2\n\n')
  })

  test('does not use up the time of the partner whose body it does not take', async () => {
    const service = stage.keep(
      await startService(async (req, res) => {
        await wait(3 * idleMs)
        req.resume().on('end', () => res.end('ok'))
      }),
    )
    const lazy = await stage.api('lazy', { targets: [{ url: service.url }] })
    const answer = await call(`${lazy.url}/payment`, {
      method: 'POST',
      headers: { 'x-api-key': lazy.key, 'content-length': 8_000_000 },
      body: Buffer.alloc(8_000_000),
    })
    expect(answer.status).toBe(200)
  })
})
