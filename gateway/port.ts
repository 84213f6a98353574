import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { Config } from '../registry/base/config.ts'
import type { Ports } from './messages.ts'

export interface SettledPorts {
  readonly ports: Ports
  /** Whether several threads can listen on it at once; where the system lacks SO_REUSEPORT, one thread serves alone. */
  readonly canShare: boolean
}

/** @throws Error EADDRINUSE, EACCES */
export async function settlePorts(config: Config): Promise<SettledPorts> {
  const { GATEWAY_HOST, GATEWAY_PORT, GATEWAY_CLEAR_TEXT, GATEWAY_TLS_PORT } = config
  const clear = GATEWAY_CLEAR_TEXT === 'on' ? await settlePort(GATEWAY_HOST, GATEWAY_PORT) : undefined
  const tls = GATEWAY_TLS_PORT === undefined ? undefined : await settlePort(GATEWAY_HOST, GATEWAY_TLS_PORT)
  return { ports: { clear, tls }, canShare: await canSharePorts(GATEWAY_HOST) }
}

/**
 * Settles a port before the threads share it. Shared ports are open to any process of the same user: so a port on which
 * somebody answers already is refused here, or a second gateway started by mistake would take half of the calls. It is
 * asked by a connection, not by listening: a listener that goes again would break the calls that came to it.
 *
 * @param wanted 0 for any free one
 * @throws Error EADDRINUSE, EACCES
 */
async function settlePort(host: string, wanted: number): Promise<number> {
  if (wanted !== 0 && (await isAnswered(host, wanted))) {
    throw Object.assign(new Error(`listen EADDRINUSE: somebody listens on ${host}:${wanted}`), {
      code: 'EADDRINUSE',
    })
  }
  return wanted || (await listenBriefly({ host, port: 0 }))
}

async function canSharePorts(host: string): Promise<boolean> {
  try {
    await listenBriefly({ host, port: 0, reusePort: true })
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

async function listenBriefly(options: { host: string; port: number; reusePort?: boolean }): Promise<number> {
  const probe = createServer().listen(options)
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
