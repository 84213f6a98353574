import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { settlePorts } from '../../gateway/port.ts'
import { loadConfig } from '../../registry/base/config.ts'
import { type Platform, publishDemo, startPlatform } from '../support/platform.ts'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
}, 60_000)
afterAll(() => platform?.close())

describe('the port of a gateway', () => {
  test('a second gateway on the same port is refused, and says why', async () => {
    const first = await platform.gateway()
    const second = platform.gateway({ GATEWAY_PORT: String(first.port) })
    await expect(second).rejects.toThrow(/EADDRINUSE/)
    expect((await fetch(`${first.url}/`)).status).toBe(404)
  })

  test('a port of somebody else is refused, too', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await expect(platform.gateway({ GATEWAY_PORT: String(port) })).rejects.toThrow(/EADDRINUSE/)
    other.close()
  })

  test('a free one is held from when it was found until the threads listen', async () => {
    const held = await settlePorts(
      loadConfig({
        ...platform.env,
        GATEWAY_HOST: '127.0.0.1',
        GATEWAY_PORT: '0',
        GATEWAY_TLS_PORT: '0',
        GATEWAY_TLS_CERTIFICATES: 'x',
      }),
    )
    const ports = [held.ports.clear!, held.ports.tls!]
    for (const port of ports) {
      const other = createServer().listen({ port, host: '127.0.0.1' })
      const [error] = await once(other, 'error')
      expect(error.code).toBe('EADDRINUSE')
      const thread = createServer().listen({ port, host: '127.0.0.1', reusePort: held.canShare })
      await once(thread, 'listening')
      thread.close()
    }
    await held.letGo()
    const next = createServer().listen(ports[0], '127.0.0.1')
    await once(next, 'listening')
    next.close()
  })

  test('an open WebSocket ends when the time for draining is over, and the gateway with 0', async () => {
    const service = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(service, 'listening')
    const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
    const demo = await publishDemo(platform, { name: 'live', targets: [{ url }] })
    const gateway = await platform.gateway({ GATEWAY_DRAIN_TIMEOUT_MS: '500' })
    await gateway.serves(demo.snapshot)
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/live/v1/files`, {
      headers: { 'x-api-key': demo.key },
    })
    await once(socket, 'open')
    const closed = once(socket, 'close')
    expect(await gateway.stop()).toBe(0)
    await closed
    expect(gateway.output()).toContain('"stopped"')
    service.close()
  })
})
