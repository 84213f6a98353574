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
  /** Ends the call where its caller takes nothing of the answer for so long; 0: never. */
  setTimeout(ms: number): void
  /** Says that the caller took something. */
  moved(): void
  destroy(): void
  resetAndDestroy(): void
}

export function streamSocket(session: ServerHttp2Session, stream: ServerHttp2Stream): StreamSocket {
  let timer: NodeJS.Timeout | undefined
  const end = () => breakOff(stream)
  stream.once('close', () => clearTimeout(timer))
  const socket: StreamSocket = {
    remoteAddress: session.socket.remoteAddress,
    encrypted: true,
    setTimeout(ms) {
      clearTimeout(timer)
      timer = ms > 0 && !stream.closed ? setTimeout(end, ms) : undefined
    },
    moved: () => void timer?.refresh(),
    destroy: end,
    resetAndDestroy: end,
  }
  carryClientCertificate(session.socket as TLSSocket, socket)
  return socket
}
