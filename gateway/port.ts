import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import type { Config } from '../registry/base/config.ts'
import type { Ports } from './messages.ts'

export interface SettledPorts {
  readonly ports: Ports
  /** Whether several threads can listen on it at once; where the system lacks SO_REUSEPORT, one thread serves alone. */
  readonly canShare: boolean
  /**
   * Free ports that were found are held until this is called: threads take a while until they listen, and another gateway
   * that looks for a free port meanwhile would find the same and share it. To be called when they do; before, where one
   * thread listens alone.
   */
  letGo(): Promise<void>
}

/** @throws Error EADDRINUSE, EACCES */
export async function settlePorts(config: Config): Promise<SettledPorts> {
  const { GATEWAY_HOST, GATEWAY_PORT, GATEWAY_CLEAR_TEXT, GATEWAY_TLS_PORT } = config
  const canShare = await canSharePorts(GATEWAY_HOST)
  const held: Server[] = []
  const settle = async (wanted: number) => {
    if (wanted !== 0) return settlePort(GATEWAY_HOST, wanted)
    const holder = await listen({ host: GATEWAY_HOST, port: 0, reusePort: canShare })
    held.push(holder)
    return (holder.address() as AddressInfo).port
  }
  const clear = GATEWAY_CLEAR_TEXT === 'on' ? await settle(GATEWAY_PORT) : undefined
  const tls = GATEWAY_TLS_PORT === undefined ? undefined : await settle(GATEWAY_TLS_PORT)
  const letGo = async () => {
    await Promise.all(held.splice(0).map(ended))
  }
  return { ports: { clear, tls }, canShare, letGo }
}

/**
 * Settles a port before the threads share it. Shared ports are open to any process of the same user: so a port on which
 * somebody answers already is refused here, or a second gateway started by mistake would take half of the calls. It is
 * asked by a connection, not by listening: a listener that goes again would break the calls that came to it.
 *
 * @throws Error EADDRINUSE, EACCES
 */
async function settlePort(host: string, wanted: number): Promise<number> {
  if (await isAnswered(host, wanted)) {
    throw Object.assign(new Error(`listen EADDRINUSE: somebody listens on ${host}:${wanted}`), {
      code: 'EADDRINUSE',
    })
  }
  return wanted
}

async function canSharePorts(host: string): Promise<boolean> {
  try {
    await ended(await listen({ host, port: 0, reusePort: true }))
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOTSUP' && code !== 'EINVAL' && code !== 'ENOPROTOOPT') throw error
    return false
  }
}

async function isAnswered(host: string, port: number): Promise<boolean> {
  const socket = connect({
    host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host,
    port,
    timeout: 1_000,
  })
  try {
    await Promise.race([
      once(socket, 'connect'),
      once(socket, 'timeout').then(() => Promise.reject(new Error('silent'))),
    ])
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function listen(options: { host: string; port: number; reusePort: boolean }): Promise<Server> {
  const server = createServer().listen(options)
  await once(server, 'listening')
  return server
}

async function ended(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}
