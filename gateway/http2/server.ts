import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Config } from '../../registry/base/config.ts'
import type { ProblemCode } from '../../registry/base/problem.ts'
import { allowance, limits } from './guard.ts'
import { asIncoming, Http2Request } from './request.ts'
import { asResponse, Http2Response } from './response.ts'
import { type Flow, streamSocket } from './socket.ts'

export interface Http2ServerParts {
  readonly config: Config
  readonly serve: (req: IncomingMessage, res: ServerResponse) => unknown
  /** A connection that ended because what came on it was no request. */
  readonly onUnreadable: (code: ProblemCode) => void
}

export interface Http2Server {
  /** A connection on which HTTP/2 was agreed. */
  take(socket: Socket): void
  /** Tells all callers to make further calls elsewhere; calls under way finish, then their connections end. */
  close(): void
}

/** What a caller may send ahead on one stream, before it is read. Bytes; RFC 9113 §6.9.2 */
const streamWindow = 65_535

/** How long a caller may take to hear that its connection is to end, and how long that may take then. ms */
const noticeMs = 1_000
const endMs = 5_000

const calm = constants.NGHTTP2_ENHANCE_YOUR_CALM

/** So that this reason reaches the caller before the connection is gone. ms */
const farewellMs = 20

/** No frame that is answered by nothing and carries nothing is taken oftener than this on one connection. */
const maxInvalidFrames = 100

export function createHttp2Server({ config, serve, onUnreadable }: Http2ServerParts): Http2Server {
  const maxStreams = config.GATEWAY_HTTP2_MAX_STREAMS
  // That of the connection must exceed those of its streams, or calls whose body waits for its service hold up the rest.
  const connectionWindow = Math.min(2 ** 31 - 1, (maxStreams + 1) * streamWindow)
  const server = createServer({
    settings: {
      maxConcurrentStreams: maxStreams,
      initialWindowSize: streamWindow,
      maxHeaderListSize: config.GATEWAY_MAX_HEADER_BYTES, // which is only said by this: see exchange.ts
      enableConnectProtocol: false,
    },
    // Pseudo-headers, and one more, so that exchange.ts sees that there are too many.
    maxHeaderListPairs: config.GATEWAY_MAX_HEADERS + 5,
    maxSessionMemory: Math.ceil((connectionWindow * 2) / 1_000_000) + 10,
    maxSessionInvalidFrames: maxInvalidFrames,
    maxSessionRejectedStreams: limits.resets.burst,
  })
  const open = new Set<Session>()
  let isClosing = false

  server.on('session', (session) => {
    const own = openSession(session, config, () => open.delete(own), onUnreadable)
    open.add(own)
    session.setLocalWindowSize(connectionWindow)
    const flow: Flow = { movedAt: performance.now() }
    session.on('stream', (stream, headers, _flags, raw) => {
      if (!own.begins(stream)) return
      const socket = streamSocket(session, stream, flow)
      const req = new Http2Request(stream, headers, raw, socket)
      const res = new Http2Response(stream, req, own.end, config.GATEWAY_BODY_IDLE_TIMEOUT_MS)
      serve(asIncoming(req), asResponse(res))
    })
    if (isClosing) own.end()
  })
  server.on('sessionError', () => {}) // each hears of its own

  return {
    take: (socket) => void server.emit('connection', socket),
    close() {
      isClosing = true
      for (const session of open) session.end()
    },
  }
}

interface Session {
  /** @returns whether the call is to be served */
  begins(stream: ServerHttp2Stream): boolean
  /** GOAWAY, then the end when no call is under way any more. */
  readonly end: () => void
}

function openSession(
  session: ServerHttp2Session,
  config: Config,
  onClosed: () => void,
  onUnreadable: Http2ServerParts['onUnreadable'],
): Session {
  const mayReset = allowance(limits.resets)
  const mayControl = allowance(limits.controls)
  let calls = 0
  let isEnding = false
  let isTooMuch = false
  let timer: NodeJS.Timeout | undefined

  const destroy = () => session.destroy()
  const tooMuch = () => {
    if (isTooMuch || session.destroyed) return
    isTooMuch = true
    session.goaway(calm)
    setTimeout(() => session.destroy(new Error('more than one connection may do'), calm), farewellMs)
  }
  /** PING does not count: what keeps a connection is calls. */
  const wait = () => {
    clearTimeout(timer)
    if (config.GATEWAY_KEEP_ALIVE_TIMEOUT_MS > 0)
      timer = setTimeout(end, config.GATEWAY_KEEP_ALIVE_TIMEOUT_MS)
  }
  const close = () => {
    if (session.destroyed) return
    session.close()
    if (calls === 0) timer = setTimeout(destroy, endMs)
  }
  /** RFC 9113 §6.8: first a notice that names no stream, as calls may be on their way, then the real one. */
  const end = () => {
    if (isEnding || session.destroyed) return
    isEnding = true
    clearTimeout(timer)
    session.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1)
    timer = setTimeout(close, noticeMs)
    session.ping(() => {
      clearTimeout(timer)
      close()
    })
  }

  wait()
  session.once('close', () => {
    clearTimeout(timer)
    onClosed()
  })
  session.on('error', () => onUnreadable('request-malformed'))
  session.on('ping', () => mayControl() || tooMuch())
  session.on('remoteSettings', () => mayControl() || tooMuch())
  return {
    begins(stream) {
      if (isTooMuch) {
        stream.destroy()
        return false
      }
      calls++
      if (!isEnding) clearTimeout(timer)
      // At once, and not when node has read what came: until then it has the place of a call.
      stream.once('aborted', () => stream.destroy())
      stream.once('close', () => {
        calls--
        if (stream.rstCode !== constants.NGHTTP2_NO_ERROR && !mayReset()) tooMuch()
        if (calls > 0 || session.destroyed) return
        if (!isEnding) wait()
        else if (session.closed) timer = setTimeout(destroy, endMs)
      })
      return true
    },
    end,
  }
}
