import type { Socket } from 'node:net'
import { type Pace, patienceLeft } from './pace.ts'

/**
 * Cuts off partners that take what waits for them too slowly: they hold memory, and perhaps a slot of a service. Only
 * time in which bytes wait counts, so a service may be silent for as long as it likes. What the system keeps for a
 * connection counts as taken; behind it, a slow reader is seen in steps of some of that.
 *
 * It looks at all connections from time to time, so that it costs the calls nothing.
 *
 * @param onCut called for each
 * @returns ends it
 */
export function cutOffSlowReaders(open: ReadonlySet<Socket>, pace: Pace, onCut: () => void): () => void {
  const slow = new WeakMap<Socket, { leftMs: number; taken: number }>()
  let lookedAt = performance.now()
  const look = () => {
    const now = performance.now()
    const waitedMs = now - lookedAt
    lookedAt = now
    for (const socket of open) {
      const handle = (socket as Writing)._handle
      const waiting = handle?.writeQueueSize ?? 0
      if (waiting === 0) {
        slow.delete(socket)
        continue
      }
      const taken = handle!.bytesWritten! - waiting
      const state = slow.get(socket)
      if (!state) {
        slow.set(socket, { leftMs: pace.idleMs, taken })
        continue
      }
      state.leftMs = patienceLeft(state.leftMs, waitedMs, taken - state.taken, pace)
      state.taken = taken
      if (state.leftMs > 0) continue
      onCut()
      // Reset: where the end of the connection is the end of the answer, what was cut must not look whole.
      socket.resetAndDestroy()
    }
  }
  const timer = setInterval(look, Math.min(1_000, pace.idleMs / 4)).unref()
  return () => clearInterval(timer)
}

/**
 * What node keeps for a socket: bytes that were handed to libuv, and those of them that the system has not taken yet,
 * also in the midst of one write. Under TLS they are those of the wire.
 */
type Writing = { _handle?: { writeQueueSize?: number; bytesWritten?: number } | null }
