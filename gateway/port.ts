import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

export interface Port {
  readonly number: number
  /** Whether several threads can listen on it at once; where the system lacks SO_REUSEPORT, one thread serves alone. */
  readonly canShare: boolean
}

/**
 * Settles the port before the threads share it. Shared ports are open to any process of the same user: so a port on which
 * somebody listens already is refused here, or a second gateway started by mistake would take half of the calls.
 *
 * @param wanted 0 for any free one
 * @throws Error EADDRINUSE, EACCES
 */
export async function settlePort(host: string, wanted: number): Promise<Port> {
  const number = await listenBriefly({ host, port: wanted })
  try {
    await listenBriefly({ host, port: number, reusePort: true })
    return { number, canShare: true }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOTSUP' && code !== 'EINVAL' && code !== 'ENOPROTOOPT') throw error
    return { number, canShare: false }
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
