import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer, type Server, type TLSSocket } from 'node:tls'
import type { Issued } from './certificates.ts'

/** A service behind TLS. */
export interface SecureService {
  readonly port: number
  /** The host names that callers asked for (SNI); '' for none. One for each connection whose handshake was done. */
  readonly names: string[]
  close(): Promise<void>
}

export function startSecureService(issued: Issued, lines: RequestListener): Promise<SecureService> {
  return start(createServer({ ...issued, keepAliveTimeout: 60_000 }, lines))
}

/** One that only keeps what it hears, which a caller that does not trust it must not say. */
export async function startEavesdropper(issued: Issued): Promise<SecureService & { heard(): string }> {
  let heard = ''
  const server = createTlsServer(issued, (socket) => {
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1')
    })
  })
  return { ...(await start(server)), heard: () => heard }
}

async function start(server: Server): Promise<SecureService> {
  const names: string[] = []
  const sockets = new Set<TLSSocket>()
  server.on('secureConnection', (socket) => {
    names.push(socket.servername || '')
    sockets.add(socket)
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => {}) // callers that turn away
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    names,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
