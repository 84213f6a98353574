import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { Config } from '../../registry/base/config.ts'
import { keepClientCertificate } from './client-certificate.ts'
import { contextOptions, createContexts } from './contexts.ts'
import type { TlsMaterial } from './material.ts'

export interface TlsServer {
  readonly server: Server
  renew(material: TlsMaterial): void
  /** Ends connections whose callers have not even finished the handshake, with all others. */
  endAll(): void
}

export interface TlsServerParts {
  readonly config: Config
  readonly material: TlsMaterial
  /** A connection whose handshake is done. */
  readonly onSocket: (socket: TLSSocket) => void
  /** A handshake that came to nothing. */
  readonly onFailure: () => void
}

/** Takes TLS off a connection; what speaks HTTP on it is not its business. */
export function createTlsServer({ config, material, onSocket, onFailure }: TlsServerParts): TlsServer {
  let contextFor = createContexts(config, material)
  const asks = config.GATEWAY_TLS_CLIENT_CERTIFICATE
  const server = createServer({
    ...contextOptions(config, material),
    SNICallback: (host, done) => done(null, contextFor(host)),
    ALPNProtocols: config.GATEWAY_HTTP2 === 'on' ? ['h2', 'http/1.1'] : ['http/1.1'],
    requestCert: asks !== 'off',
    rejectUnauthorized: asks === 'require',
    handshakeTimeout: config.GATEWAY_HEADERS_TIMEOUT_MS,
    noDelay: true,
  })
  const sockets = new Set<{ destroy(): void }>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('secureConnection', (socket) => {
    keepClientCertificate(socket)
    onSocket(socket)
  })
  server.on('tlsClientError', (_error, socket) => {
    onFailure()
    socket.destroy()
  })
  return {
    server,
    renew(next) {
      const nextFor = createContexts(config, next)
      server.setSecureContext(contextOptions(config, next))
      contextFor = nextFor
    },
    endAll() {
      for (const socket of sockets) socket.destroy()
    },
  }
}
