import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { setHeader } from '../policies/header-list.ts'
import type { Exchange, TargetView } from '../policies/policy.ts'
import { type Problem, problem } from '../registry/base/problem.ts'
import { CallerGone, checkStatedLength, inviteBody, readBody, smallBodyBytes, streamBody } from './body.ts'
import type { Peer } from './client-address.ts'
import type { RouteEntry } from './compile.ts'
import { attempt, type Failure, isStream } from './forward.ts'
import { outgoingHeaders } from './outgoing.ts'
import { isPromise, type Pipeline, run } from './pipeline.ts'
import { mayDiscard, mayRepeat, othersOf } from './retries.ts'
import type { LiveTarget, LiveUpstream } from './targets.ts'
import { attemptFailed, attemptStarts } from './trace.ts'

export interface ReachParts {
  readonly x: Exchange
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly entry: RouteEntry
  readonly pipeline: Pipeline
  readonly upstream: LiveUpstream
  readonly peer: Peer
  readonly bodyIdleMs: number
  /** Called when the head of an answer arrives. */
  readonly onHead: () => void
}

/** With less time than that left no further target is bothered: timers may also end a little early. */
const leastTryMs = 5

/**
 * Tries targets until one answers, as long as nothing can be paid twice. Returns when the head of an answer is out.
 * @throws Problem of the last try; CallerGone
 */
export async function reach(parts: ReachParts): Promise<undefined> {
  const { x, req, res, upstream, pipeline, bodyIdleMs, onHead } = parts
  const { settings } = upstream
  checkStatedLength(x)
  // A body that streams is not asked for before there is room for the call.
  const streams = x.request.body === undefined && isLong(x)
  let body: Buffer | Readable | null = x.request.body ?? (streams ? null : await readShortBody(parts))
  const deadline = performance.now() + settings.timeoutMs
  const mustClose = () => isStream(body) && !req.complete
  let failure: Failure | undefined
  upstream.retries.countCall()
  for (;;) {
    x.attempt++
    const target = await chooseTarget(parts, res, failure)
    if (res.destroyed) {
      target.release()
      throw new CallerGone()
    }
    if (streams && body === null) body = openBody(parts)
    attemptStarts(x, target)
    const sentMs = performance.now()
    const firstByteMs = Math.max(1, Math.min(settings.firstByteTimeoutMs, deadline - sentMs))
    const usualMs = Math.min(settings.firstByteTimeoutMs, settings.timeoutMs)
    const isLast = () => x.attempt >= settings.maxAttempts || performance.now() > deadline - leastTryMs
    failure = await attempt({
      x,
      target,
      body,
      pipeline,
      req,
      res,
      firstByteMs,
      isFair: firstByteMs >= usualMs / 2,
      bodyIdleMs,
      mustClose,
      mayDiscard: (status) => !isLast() && mayDiscard(x, body, status, upstream, target),
      onHead,
    })
    const tookMs = performance.now() - sentMs
    if (!failure) {
      target.answered(tookMs, x.response!.status >= 500)
      return undefined
    }
    if (failure.problem.row.source === 'upstream') target.answered(tookMs, true)
    attemptFailed(x, failure.problem.code)
    if (res.destroyed) throw new CallerGone()
    if (!failure.isDiscarded) {
      const isHopeless = isLast() || othersOf(upstream, x, target).length === 0
      if (isHopeless || !mayRepeat(x, body, failure)) throw failure.problem
      if (!upstream.retries.take(failure.wasSent ? 'failed' : 'unsent')) throw failure.problem
    }
    x.tried.push(target)
  }
}

/**
 * Shapes the outgoing request and runs the onUpstream hooks, of which `balance` chooses the target and takes its slot.
 * @param connection closes when the caller goes away
 * @returns the target, whose slot the caller must give back
 * @throws CallerGone when it went away while it waited for room
 */
export async function chooseTarget(
  { x, entry, pipeline, upstream, peer }: Pick<ReachParts, 'x' | 'entry' | 'pipeline' | 'upstream' | 'peer'>,
  connection: Connection,
  failure?: Failure,
): Promise<LiveTarget> {
  const { method, path, query } = x.request
  const headers = outgoingHeaders(x, peer)
  const onwardPath = entry.upstreamPath + path.slice(entry.stripLength)
  x.outgoing = { method, path: (onwardPath || '/') + query, headers }
  x.target = undefined
  try {
    const pending = run(pipeline.onUpstream, x)
    if (isPromise(pending)) await unlessClosed(connection, pending, () => upstream.leave(x))
  } catch (error) {
    ;(x.target as TargetView | undefined)?.release() // a hook after `balance` threw
    // No further target is left: what the last one did says more.
    throw failure && (error as Problem).code === 'upstream-unavailable' ? failure.problem : error
  }
  // `balance` took it from `upstream.targets`.
  const target = x.target as LiveTarget | undefined
  if (!target) throw problem('internal', { note: 'no policy chose a target' })
  const keptHost = upstream.settings.preserveHost ? x.request.headers.host : undefined
  headers.push('host', (keptHost as string | undefined) ?? target.host)
  if (upstream.credential) setHeader(headers, upstream.credential.header, upstream.credential.value)
  return target
}

type Connection = ServerResponse | Duplex

/** Waits; tells when the connection closes meanwhile. */
async function unlessClosed(connection: Connection, pending: Promise<unknown>, onClose: () => void) {
  if (connection.destroyed) onClose()
  connection.once('close', onClose)
  try {
    await pending
  } finally {
    connection.off('close', onClose)
  }
}

/** Whether the body goes out while it comes in. */
function isLong({ request: { hasBody, contentLength } }: Exchange): boolean {
  return hasBody && (contentLength === undefined || contentLength > smallBodyBytes)
}

function readShortBody({ req, res, x, bodyIdleMs }: ReachParts): Promise<Buffer> | null {
  if (!x.request.hasBody) return null
  inviteBody(req, res, x)
  return readBody(req, x.request.contentLength, { maxBytes: x.request.maxBodyBytes, idleMs: bodyIdleMs })
}

function openBody({ req, res, x, bodyIdleMs, upstream }: ReachParts): Readable {
  inviteBody(req, res, x)
  const serviceIdleMs = upstream.settings.idleTimeoutMs
  return streamBody(req, { maxBytes: x.request.maxBodyBytes, idleMs: bodyIdleMs, serviceIdleMs })
}
