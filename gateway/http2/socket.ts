import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { carryClientCertificate } from '../tls/client-certificate.ts'
import { breakOff } from './break-off.ts'

/**
 * What a call sees of its connection. The connection carries other calls as well, so all that ends or times something
 * here concerns the one stream.
 */
export interface StreamSocket {
  readonly remoteAddress: string | undefined
  readonly encrypted: true
  /**
   * Ends the call where its caller takes nothing of the answer for so long; 0: never. Answers of one connection may go out
   * one behind the other, as nghttp2 does it: while others move, a call has ten times as long.
   */
  setTimeout(ms: number): void
  /** Says that the caller took something. */
  moved(): void
  destroy(): void
  resetAndDestroy(): void
}

/** What the calls of a connection have in common. */
export interface Flow {
  /** When its caller last took something of any answer. ms, by the monotonic clock */
  movedAt: number
}

const maxPatience = 10

export function streamSocket(
  session: ServerHttp2Session,
  stream: ServerHttp2Stream,
  flow: Flow,
): StreamSocket {
  let timer: NodeJS.Timeout | undefined
  let waits = 0
  const end = () => breakOff(stream)
  const look = (ms: number) => {
    if (++waits >= maxPatience || performance.now() - flow.movedAt >= ms) end()
    else timer = setTimeout(look, ms, ms)
  }
  stream.once('close', () => clearTimeout(timer))
  const socket: StreamSocket = {
    remoteAddress: session.socket.remoteAddress,
    encrypted: true,
    setTimeout(ms) {
      clearTimeout(timer)
      waits = 0
      timer = ms > 0 && !stream.closed ? setTimeout(look, ms, ms) : undefined
    },
    moved() {
      waits = 0
      flow.movedAt = performance.now()
      timer?.refresh()
    },
    destroy: end,
    resetAndDestroy: end,
  }
  carryClientCertificate(session.socket as TLSSocket, socket)
  return socket
}
