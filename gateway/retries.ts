import type { Readable } from 'node:stream'
import type { Exchange } from '../policies/policy.ts'
import { type Failure, isStream } from './forward.ts'
import type { LiveTarget, LiveUpstream } from './targets.ts'

/** When a call may go to another target. Nothing may be paid twice, and nothing gained is no reason. */

/** Before a byte was sent any call may go elsewhere; afterwards only one that has no effect when it comes twice. */
export function mayRepeat(
  x: Exchange,
  body: Buffer | Readable | null,
  { wasSent, problem: { row } }: Failure,
): boolean {
  if (row.source !== 'upstream') return false
  if (isStream(body) && (wasSent || body.destroyed)) return false
  return !wasSent || (body === null && isIdempotent(x.request.method))
}

/**
 * Whether the answer of a target is thrown away for that of another one, which has room at once: while others wait for
 * room the call would have to get in line, with an answer in hand. Takes of the budget.
 */
export function mayDiscard(
  x: Exchange,
  body: Buffer | Readable | null,
  status: number,
  upstream: LiveUpstream,
  target: LiveTarget,
): boolean {
  const { settings, room, retries } = upstream
  if (!(settings.retry.onStatuses as readonly number[]).includes(status)) return false
  if (body !== null || !isIdempotent(x.request.method)) return false
  if (room.isLimited && room.isAwaited()) return false
  const hasRoom = othersOf(upstream, x, target).some(
    (other) => other.isAvailable() && other.inFlight() < other.maxConnections,
  )
  return hasRoom && retries.take('answered')
}

/** Targets that this call may still go to. */
export function othersOf({ targets }: LiveUpstream, x: Exchange, target: LiveTarget): LiveTarget[] {
  return targets.filter(
    ({ id, isDraining }) => !isDraining && id !== target.id && !x.tried.some((tried) => tried.id === id),
  )
}

// RFC 9110 §9.2.2
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])
const isIdempotent = (method: string) => idempotentMethods.has(method)
