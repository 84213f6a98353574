import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Server as NetServer } from 'node:net'
import type { Config } from '../registry/base/config.ts'
import { inTurn } from './handle.ts'
import type { Ports } from './messages.ts'
import { refuseTunnel, refuseUnparsable } from './parser-errors.ts'
import type { TlsMaterial } from './tls/material.ts'
import { createTlsServer } from './tls/server.ts'
import { isWebSocket, type Upgrades } from './upgrade.ts'

/** Where a thread takes calls: without TLS, with it, or both; one HTTP/1.1 server for all. */
export interface Listeners {
  listen(ports: Ports, canShare: boolean): Promise<void>
  /** New certificates: for connections from now on. */
  renewTls(material: TlsMaterial): void
  /** Stops accepting, lets calls finish for so long, then ends what is left. */
  close(withinMs: number): Promise<void>
}

export interface ListenersParts {
  readonly config: Config
  readonly tls: TlsMaterial | undefined
  readonly serve: (req: IncomingMessage, res: ServerResponse) => unknown
  readonly upgrades: Upgrades
  /** A request that could not be read. */
  readonly onUnreadable: Parameters<typeof refuseUnparsable>[0]
  readonly onTlsFailure: () => void
}

/** How long after SIGTERM an idle connection may still bring a call. */
const idleGraceMs = 1_000

export function createListeners(parts: ListenersParts): Listeners {
  const { config, upgrades } = parts
  const http = createHttpServer(parts)
  const tls =
    parts.tls &&
    createTlsServer({
      config,
      material: parts.tls,
      onSocket: (socket) => http.emit('connection', socket),
      onFailure: parts.onTlsFailure,
    })
  return {
    async listen(ports, canShare) {
      const at = (port: number) => ({
        host: config.GATEWAY_HOST,
        port,
        reusePort: canShare, // every thread listens on the same port; the kernel spreads the connections
        backlog: 1024,
      })
      if (ports.clear !== undefined) await listen(http, at(ports.clear))
      else http.emit('listening') // by this it begins to look for slow and idle connections; TLS brings it some
      if (tls && ports.tls !== undefined) await listen(tls.server, at(ports.tls))
    },
    renewTls: (material) => tls?.renew(material),
    async close(withinMs) {
      const closed = [http, ...(tls ? [tls.server] : [])].map(stopAccepting)
      const sweep = () => http.closeIdleConnections()
      let sweeping: NodeJS.Timeout | undefined
      // Idle connections are not ended at once, where there is time: the next call may be on its way already, and would
      // be lost. It is served, and its answer says that the connection ends.
      const idle = setTimeout(
        () => {
          sweep()
          sweeping = setInterval(sweep, 50)
        },
        Math.min(idleGraceMs, withinMs / 2),
      )
      const end = setTimeout(() => {
        http.closeAllConnections()
        upgrades.endAll()
        tls?.endAll()
      }, withinMs)
      await Promise.all(closed)
      clearTimeout(idle)
      clearInterval(sweeping)
      clearTimeout(end)
      http.close() // what http.Server has besides: its check of slow requests
    },
  }
}

function createHttpServer({ config, serve, upgrades, onUnreadable }: ListenersParts): Server {
  const onRequest = inTurn(serve)
  const server = createServer({
    maxHeaderSize: config.GATEWAY_MAX_HEADER_BYTES,
    headersTimeout: config.GATEWAY_HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: Math.min(5_000, config.GATEWAY_HEADERS_TIMEOUT_MS),
    requestTimeout: 0, // a body may take as long as it keeps coming: see body.ts
    keepAliveTimeout: config.GATEWAY_KEEP_ALIVE_TIMEOUT_MS,
    requireHostHeader: false, // checked in exchange.ts, which answers with a problem
    shouldUpgradeCallback: isWebSocket,
    noDelay: true,
  })
  server.maxHeadersCount = config.GATEWAY_MAX_HEADERS + 1 // one more, so that exchange.ts sees that there are too many
  server.on('request', onRequest)
  // `100 Continue` goes out when the body is wanted; what else is expected is refused in exchange.ts.
  server.on('checkContinue', onRequest).on('checkExpectation', onRequest)
  server.on('upgrade', (req, socket, head) => void upgrades.handle(req, socket, head))
  server.on('connect', refuseTunnel)
  server.on('clientError', refuseUnparsable(onUnreadable))
  return server
}

type ListenOptions = { host: string; port: number; reusePort: boolean; backlog: number }

function listen(server: NetServer, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Not by the `close` of http.Server, which ends idle connections, too. @returns when the last connection has ended */
function stopAccepting(server: NetServer): Promise<void> {
  return new Promise((resolve) => NetServer.prototype.close.call(server, () => resolve()))
}
