import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { CallerRequest } from './caller.ts'

/** How long a partner may go on sending what is not read any more, so that it comes to read its answer. */
const lingerMs = 5_000

const closing = new WeakSet<Socket>()

/**
 * Whether the last answer of the connection was given: what still comes on it is no call (RFC 9112 §9.6). It would be
 * served, and its answer go nowhere. Node ends a connection by itself, too, as after an expectation that was not met.
 */
export const isClosing = (socket: Socket) => closing.has(socket) || socket.writableEnded

/**
 * Ends the partner's connection after the answer under way, without cutting that answer off (RFC 9112 §9.6): a socket
 * closed with unread bytes is reset, and a partner that still writes would see the reset instead of the answer. So our
 * side is ended first, and what comes is thrown away for a while.
 */
export function closeAfterAnswer(req: CallerRequest): void {
  const { socket } = req
  if (closing.has(socket)) return
  closing.add(socket)
  // What node calls once the last answer of a connection is out.
  socket.destroySoon = () => {
    req.unpipe()
    req.resume()
    endLingering(socket)
  }
}

/** How long the rest of a body that nobody wants may take. */
const restMs = 30_000

/** Reads what still comes of a short body and throws it away: the next request comes after it. */
export function dropRest(req: IncomingMessage): void {
  req.unpipe().resume()
  const timer = setTimeout(() => req.destroy(), restMs).unref()
  const isOver = () => clearTimeout(timer)
  req.once('end', isOver).once('close', isOver)
}

/** Ends our side behind what was written, and the other one in a while. */
export function endLingering(socket: Socket): void {
  closing.add(socket)
  socket.end()
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
}
