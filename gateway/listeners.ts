import { createServer, type Server } from 'node:http'
import { createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net'
import type { Config } from '../registry/base/config.ts'
import type { CallerRequest, CallerResponse } from './caller.ts'
import type { Connections } from './connections.ts'
import { inTurn } from './handle.ts'
import { hasParser } from './http1/parser.ts'
import { createHttp2Server } from './http2/server.ts'
import type { Ports } from './messages.ts'
import { refuseTunnel, refuseUnparsable, unreadableCode } from './parser-errors.ts'
import { tooSlow } from './quick/connection.ts'
import { createQuickServer } from './quick/server.ts'
import type { TlsMaterial } from './tls/material.ts'
import { createTlsServer } from './tls/server.ts'
import { isWebSocket, type Upgrades } from './upgrade.ts'

/** Where a thread takes calls: without TLS, with it, or both; over HTTP/1.1 and HTTP/2. */
export interface Listeners {
  listen(ports: Ports, canShare: boolean): Promise<void>
  /** New certificates: for connections from now on. */
  renewTls(material: TlsMaterial): void
  /** Stops accepting, lets calls finish for so long, then ends what is left. */
  close(withinMs: number): Promise<void>
}

export interface ListenersParts {
  readonly config: Config
  readonly connections: Connections
  readonly tls: TlsMaterial | undefined
  /** Calls that came whole may come as such. */
  readonly serve: (req: CallerRequest, res: CallerResponse) => unknown
  /** Whether what is at this address needs node's own request and response. */
  readonly isForNode: (url: string) => boolean
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
  const toHttp = (socket: Socket) => void http.emit('connection', socket)
  const quick = hasParser ? createQuick(parts, http, toHttp) : undefined
  const take = quick?.take ?? toHttp
  const http2 = createHttp2Server(parts)
  const clear = createNetServer({ allowHalfOpen: true, noDelay: true }, take)
  const tls =
    parts.tls &&
    createTlsServer({
      config,
      material: parts.tls,
      onSocket(socket) {
        if (socket.alpnProtocol === 'h2') http2.take(socket)
        else take(socket)
      },
      onFailure: parts.onTlsFailure,
    })
  for (const server of [clear, ...(tls ? [tls.server] : [])]) parts.connections.guard(server)
  return {
    async listen(ports, canShare) {
      const at = (port: number) => ({
        host: config.GATEWAY_HOST,
        port,
        reusePort: canShare, // every thread listens on the same port; the kernel spreads the connections
        backlog: 1024,
      })
      http.emit('listening') // by this it begins to look for slow and idle connections; it gets them from elsewhere
      if (ports.clear !== undefined) await listen(clear, at(ports.clear))
      if (tls && ports.tls !== undefined) await listen(tls.server, at(ports.tls))
    },
    renewTls: (material) => tls?.renew(material),
    async close(withinMs) {
      const closed = [clear, ...(tls ? [tls.server] : [])].map(stopAccepting)
      http2.close()
      const sweep = () => {
        http.closeIdleConnections()
        quick?.closeIdle()
      }
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
        quick?.closeAll()
        upgrades.endAll()
        tls?.endAll()
      }, withinMs)
      await Promise.all(closed)
      clearTimeout(idle)
      clearInterval(sweeping)
      clearTimeout(end)
      http.close() // what http.Server has besides: its check of slow requests
      quick?.end()
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

function createQuick(parts: ListenersParts, http: Server, nodeTakes: (socket: Socket) => void) {
  const { config, serve, isForNode, onUnreadable } = parts
  return createQuickServer({
    maxHeadBytes: config.GATEWAY_MAX_HEADER_BYTES,
    keepAliveMs: config.GATEWAY_KEEP_ALIVE_TIMEOUT_MS || Number.POSITIVE_INFINITY,
    headMs: config.GATEWAY_HEADERS_TIMEOUT_MS,
    serve,
    isForNode,
    nodeTakes,
    onSilent: (socket) => http.emit('clientError', tooSlow(), socket),
    onUnreadable: ({ code }) => onUnreadable(unreadableCode(code)),
  })
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

/** @returns when the last connection has ended */
function stopAccepting(server: NetServer): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
