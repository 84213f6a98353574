import { once } from 'node:events'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { openTls, tlsFolder } from '../support/tls-gateway.ts'
import { until } from '../support/until.ts'
import { openWire, startService, type Wire } from '../support/wire.ts'

/** Nobody holds more than his share of the connections, on whatever port and whatever he does with them. */

const somebody = '127.0.0.1'
const another = '127.0.0.2'
const proxy = '127.0.0.9'

let stage: Stage
let api: StagedApi
let authority: string
let wires: Wire[] = []

beforeAll(async () => {
  const tls = await tlsFolder()
  authority = tls.authority.cert
  stage = await startStage({
    ...tls.env,
    GATEWAY_MAX_CONNECTIONS: '9',
    GATEWAY_MAX_CONNECTIONS_PER_ADDRESS: '4',
    GATEWAY_TRUSTED_PROXIES: proxy,
    GATEWAY_HEADERS_TIMEOUT_MS: '300',
    GATEWAY_KEEP_ALIVE_TIMEOUT_MS: '60000',
  })
  const service = stage.keep(await startService((_req, res) => res.end('ok')))
  new WebSocketServer({ server: service.server })
  api = await stage.api('connections', { targets: [{ url: service.url }] })
}, 60_000)
afterAll(() => stage?.close())
afterEach(async () => {
  for (const wire of wires) wire.close()
  wires = []
  await areOpen(0)
})

const areOpen = (count: number) =>
  until(async () => (await stage.metric('gateway_connections')) === count, { timeoutMs: 10_000 })
const get = (...lines: string[]) => api.head('GET', '/accounts/1/balance', ...lines)

/** Opens a connection and makes a call on it. @returns the status; 'refused' when the connection was closed instead */
async function come(from = somebody, ...lines: string[]) {
  const wire = openWire(stage.gateway.port, from)
  wires.push(wire)
  wire.say(get(...lines))
  await until(() => wire.statuses().length > 0 || wire.socket.destroyed)
  return wire.statuses()[0] ?? 'refused'
}

async function comeOften(times: number, from = somebody) {
  const outcomes = []
  for (let i = 0; i < times; i++) outcomes.push(await come(from))
  return outcomes
}

describe('connections', () => {
  test('beyond the cap of an address are closed at once, and others come in', async () => {
    const before = await refused('address')
    expect(await comeOften(6)).toEqual([200, 200, 200, 200, 'refused', 'refused'])
    expect(await come(another)).toBe(200)
    expect((await refused('address')) - before).toBe(2)
  })

  test('beyond the cap of all are closed at once, whosever they are', async () => {
    const before = await refused('all')
    expect(await comeOften(4)).toEqual([200, 200, 200, 200])
    expect(await comeOften(4, another)).toEqual([200, 200, 200, 200])
    expect(await comeOften(3, '127.0.0.3')).toEqual([200, 'refused', 'refused'])
    expect((await refused('all')) - before).toBe(2)
  })

  test('of a trusted proxy are counted in all only', async () => {
    expect(await comeOften(10, proxy)).toEqual([...Array(9).fill(200), 'refused'])
  })

  test('of many at one moment never become more than the cap', async () => {
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => come()))
    const good = outcomes.filter((outcome) => outcome === 200).length
    expect(good).toBeLessThanOrEqual(4)
    expect(good).toBeGreaterThan(0)
    expect(outcomes).toHaveLength(good + outcomes.filter((outcome) => outcome === 'refused').length)
  })

  test('with TLS count with those without', async () => {
    expect(await comeOften(3)).toEqual([200, 200, 200])
    const socket = await openTls(stage.gateway.tlsPort, { ca: authority })
    expect(await come()).toBe('refused')
    await expect(openTls(stage.gateway.tlsPort, { ca: authority })).rejects.toThrow()
    socket.destroy()
  })

  test('that became WebSockets count on', async () => {
    const socket = await openSocket()
    expect(await comeOften(4)).toEqual([200, 200, 200, 'refused'])
    socket.terminate()
  })
})

describe('a place is free again after', () => {
  /** Fills all places of the address with connections that end so. */
  async function isFreed(end: () => Promise<unknown>) {
    for (let i = 0; i < 6; i++) await end()
    await areOpen(0)
    expect(await comeOften(5)).toEqual([200, 200, 200, 200, 'refused'])
  }
  const closes = async (socket: Socket | Wire['socket']) => {
    if (!socket.destroyed) await once(socket, 'close')
  }
  const opened = async (text: string) => {
    const wire = openWire(stage.gateway.port)
    wire.socket.resume()
    wire.say(text)
    return wire
  }

  test('an answer that ends the connection', () =>
    isFreed(async () => {
      const wire = await opened(get('Connection: close'))
      await wire.ends()
      wire.close()
      await areOpen(0)
    }))

  test(
    'a partner that closes, or resets, or says nothing',
    () =>
      isFreed(async () => {
        const closing = await opened(get())
        await closing.hears(/200 OK/)
        closing.socket.end()
        await closing.ends()
        closing.close()
        const resetting = await opened(get())
        resetting.socket.resetAndDestroy()
        const silent = await opened('')
        await silent.ends()
        silent.close()
        await areOpen(0)
      }),
    30_000,
  )

  test('what is no request', () =>
    isFreed(async () => {
      const wire = await opened('what?\r\n\r\n')
      await wire.ends()
      wire.close()
      await areOpen(0)
    }))

  test(
    'TLS that was closed, that was no TLS, and whose handshake never ended',
    () =>
      isFreed(async () => {
        const proper = await openTls(stage.gateway.tlsPort, { ca: authority })
        const call = request({ createConnection: () => proper, path: `${api.path}/accounts/1/balance` })
        call.on('error', () => {}).end()
        await once(call, 'response')
        proper.destroy()
        for (const words of ['', 'GET / HTTP/1.1\r\n\r\n']) {
          const wire = openWire(stage.gateway.tlsPort)
          wire.say(words)
          await wire.ends()
          wire.close()
        }
        await areOpen(0)
      }),
    30_000,
  )

  test('a WebSocket, and one that was refused', () =>
    isFreed(async () => {
      const socket = await openSocket()
      socket.close()
      await once(socket, 'close')
      const wire = await opened(
        get('Connection: Upgrade', 'Upgrade: websocket').replace(/x-api-key.*\r\n/, ''),
      )
      await wire.ends()
      wire.close()
      await closes(wire.socket)
      await areOpen(0)
    }))
})

test('a thread that is drained ends them all', async () => {
  const gateway: GatewayProcess = await stage.platform.gateway({ GATEWAY_DRAIN_TIMEOUT_MS: '500' })
  await gateway.serves(api.snapshot)
  const wire = openWire(gateway.port)
  wire.say(get())
  await wire.hears(/200 OK/)
  expect(await gateway.stop()).toBe(0)
  await wire.ends()
})

async function refused(cap: string) {
  const line = (await stage.gateway.metrics())
    .split('\n')
    .find((text) => text.startsWith(`gateway_connections_refused_total{cap="${cap}"}`))
  return Number(line?.split(' ')[1] ?? 0)
}

async function openSocket() {
  const url = `ws://127.0.0.1:${stage.gateway.port}${api.path}/accounts/1/balance`
  const socket = new WebSocket(url, { headers: { 'x-api-key': api.key } })
  await once(socket, 'open')
  socket.on('error', () => {})
  return socket
}
