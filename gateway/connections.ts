import type { Server, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { networkOf } from '../registry/base/network.ts'
import { type NetworkSet, plainAddress } from './client-address.ts'
import { type ConnectionCaps, type ConnectionCells, openConnectionCounts } from './connection-counts.ts'

/** The partners' connections of a thread, from accept to close: whatever port they came to, and whatever they become. */
export interface Connections {
  /** Stands before what a server does with its connections, so call it when all of that is set up. */
  guard(server: Server): void
  /** Those that are open, without TLS: one that has it stands here by what is under it. */
  readonly open: ReadonlySet<Socket>
  /** Since the start. */
  readonly refused: Readonly<Record<keyof ConnectionCaps, number>>
}

export interface ConnectionsParts {
  readonly cells: ConnectionCells
  readonly thread: number
  /** 0: none. */
  readonly maxInAll: number
  /** By address; in IPv6 by /64. 0: none. */
  readonly maxPerNetwork: number
  /** They bring the connections of many, and are counted in all only. */
  readonly isTrustedProxy: NetworkSet
}

export function createConnections(parts: ConnectionsParts): Connections {
  const { isTrustedProxy } = parts
  const counts = openConnectionCounts(parts.cells, parts.thread)
  const inAll = parts.maxInAll || Number.POSITIVE_INFINITY
  const ofPartner: ConnectionCaps = { inAll, perNetwork: parts.maxPerNetwork || Number.POSITIVE_INFINITY }
  const ofProxy: ConnectionCaps = { inAll, perNetwork: Number.POSITIVE_INFINITY }
  const open = new Set<Socket>()
  const refused = { inAll: 0, perNetwork: 0 }

  function comesIn(socket: Socket): boolean {
    const address = plainAddress(socket.remoteAddress)
    const taken = counts.take(networkOf(address), isTrustedProxy(address) ? ofProxy : ofPartner)
    if (typeof taken === 'string') {
      refused[taken]++
      // Reset, so that a flood leaves nothing behind here. Nothing of it was read: whoever it was may come again.
      socket.on('error', () => {}).resetAndDestroy()
      return false
    }
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      counts.giveBack(taken)
    })
    return true
  }

  return {
    guard(server) {
      const served = server.listeners('connection')
      server.removeAllListeners('connection')
      server.on('connection', (socket: Socket) => {
        // One from which TLS was taken off came in before.
        if (socket instanceof TLSSocket || comesIn(socket))
          for (const serve of served) serve.call(server, socket)
      })
    },
    open,
    refused,
  }
}
