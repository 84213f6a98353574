import type { Socket } from 'node:net'
import { QuickConnection, type QuickOwner } from './connection.ts'

export interface QuickServer {
  take(socket: Socket): void
  /** Ends connections on which nothing is going on. */
  closeIdle(): void
  closeAll(): void
  /** Stops looking for what is slow. */
  end(): void
}

export interface QuickServerParts extends Omit<QuickOwner, 'handOver' | 'ended' | 'keepAliveLines'> {
  /** Takes a connection over, as if nothing had been read of it yet. */
  readonly nodeTakes: (socket: Socket) => void
}

/** Between two looks for connections whose time is over. */
const mostLookMs = 1_000

/** The connections of a thread that are served here: see QuickConnection. */
export function createQuickServer({ nodeTakes, ...parts }: QuickServerParts): QuickServer {
  const { keepAliveMs, headMs } = parts
  // As node's server says it: clients take it into account.
  const hint = Number.isFinite(keepAliveMs)
    ? `Keep-Alive: timeout=${Math.floor(keepAliveMs / 1_000)}\r\n`
    : ''
  const connections = new Set<QuickConnection>()
  const owner: QuickOwner = {
    ...parts,
    keepAliveLines: `Connection: keep-alive\r\n${hint}`,
    ended: (connection) => connections.delete(connection),
    handOver(socket, bytes) {
      socket.pause()
      if (bytes !== undefined) socket.unshift(bytes)
      nodeTakes(socket)
      socket.resume()
    },
  }
  const look = () => {
    const now = performance.now()
    for (const connection of connections) connection.look(now)
  }
  const looking = setInterval(look, Math.min(mostLookMs, headMs, keepAliveMs))
  return {
    take: (socket) => void connections.add(new QuickConnection(socket, owner)),
    closeIdle() {
      for (const connection of connections) connection.closeIfIdle()
    },
    closeAll() {
      for (const connection of connections) connection.destroy()
    },
    end: () => clearInterval(looking),
  }
}
