import type { IncomingMessage } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { setHeader } from '../policies/header-list.ts'
import type { Exchange, Outcome, TargetView } from '../policies/policy.ts'
import { type Problem, problem } from '../registry/base/problem.ts'
import { CallerGone, checkStatedLength, inviteBody, readBody, smallBodyBytes, streamBody } from './body.ts'
import type { CallerRequest, CallerResponse } from './caller.ts'
import type { Peer } from './client-address.ts'
import type { RouteEntry } from './compile.ts'
import { type Attempt, type Failure, isStream, startAttempt } from './forward.ts'
import { outgoingHeaders } from './outgoing.ts'
import type { Pace } from './pace.ts'
import { after, isPromise, type Pipeline, run } from './pipeline.ts'
import { mayDiscard, mayRepeat, othersOf } from './retries.ts'
import type { LiveTarget, LiveUpstream } from './targets.ts'
import { attemptFailed, attemptStarts } from './trace.ts'

export interface ReachParts {
  readonly x: Exchange
  readonly req: CallerRequest
  readonly res: CallerResponse
  readonly entry: RouteEntry
  readonly pipeline: Pipeline
  readonly upstream: LiveUpstream
  readonly peer: Peer
  /** How slow the partner may be. */
  readonly pace: Pace
  /** Called when the head of an answer arrives that goes on to the partner. */
  readonly onHead: () => void
  /** Called at most once, when no target will answer: a Problem of the last try, or CallerGone. */
  readonly onFailure: (error: unknown) => void
}

/** With less time than that left no further target is bothered: timers may also end a little early. */
const leastTryMs = 5

/**
 * Tries targets until one answers, as long as nothing can be paid twice. The answer goes to the partner by itself; what
 * breaks once its head is out ends the partner's connection (`x.problem` says why).
 */
export function reach(parts: ReachParts): Reaching {
  const reaching = new Reaching(parts)
  reaching.start()
  return reaching
}

/** One class, and not closures: it is made for every call. */
export class Reaching {
  readonly parts: ReachParts
  /** Of all tries together, by the monotonic clock. */
  readonly deadline: number
  /** Whether the body goes out while it comes in. Then it is not asked for before there is room for the call. */
  readonly streams: boolean
  body: Buffer | Readable | null = null
  attempt: Attempt | undefined
  failure: Failure | undefined
  sentMs = 0

  constructor(parts: ReachParts) {
    const { x, upstream } = parts
    this.parts = parts
    this.deadline = performance.now() + upstream.settings.timeoutMs
    this.streams = x.request.body === undefined && isLong(x)
  }

  start() {
    const { x, upstream } = this.parts
    try {
      checkStatedLength(x)
      const body = x.request.body ?? (this.streams ? null : readShortBody(this.parts))
      const begun = after(body, (whole) => {
        this.body = whole
        upstream.retries.countCall()
        this.tryNext()
      })
      if (isPromise(begun)) begun.catch((error) => this.parts.onFailure(error))
    } catch (error) {
      this.parts.onFailure(error)
    }
  }

  tryNext() {
    const { parts } = this
    parts.x.attempt++
    try {
      const sent = after(chooseTarget(parts, parts.res, this.failure), (target) => this.send(target))
      if (isPromise(sent)) sent.catch((error) => parts.onFailure(error))
    } catch (error) {
      parts.onFailure(error)
    }
  }

  send(target: LiveTarget) {
    const { parts } = this
    const { x, res, upstream } = parts
    const { settings } = upstream
    if (res.destroyed) {
      target.release()
      throw new CallerGone()
    }
    if (this.streams && this.body === null) this.body = openBody(parts)
    attemptStarts(x, target)
    this.sentMs = performance.now()
    const firstByteMs = Math.max(1, Math.min(settings.firstByteTimeoutMs, this.deadline - this.sentMs))
    const usualMs = Math.min(settings.firstByteTimeoutMs, settings.timeoutMs)
    this.attempt = startAttempt(this, target, firstByteMs, firstByteMs >= usualMs / 2)
  }

  /** The partner's connection ended before the answer did. */
  callerGone() {
    this.attempt?.abandon(new CallerGone())
  }

  /** Whether the partner's connection ends with the answer: the rest of its body will not be read. */
  mustClose(): boolean {
    return isStream(this.body) && !this.parts.req.complete
  }

  /** Whether an answer of this status is given up for that of another target. */
  mayDiscard(status: number, target: LiveTarget): boolean {
    const { x, upstream } = this.parts
    const { onStatuses } = upstream.settings.retry
    if (onStatuses.length === 0 || status < 500 || this.isLast()) return false
    return mayDiscard(x, this.body, status, upstream, target)
  }

  /** The head of an answer is on its way. */
  answered(target: LiveTarget, status: number) {
    target.answered(performance.now() - this.sentMs, status >= 500)
  }

  failed(target: LiveTarget, failure: Failure) {
    const { x, res, upstream, onFailure } = this.parts
    if (failure.wasSent) x.wasSent = true
    if (failure.problem.row.source === 'upstream') target.answered(performance.now() - this.sentMs, true)
    attemptFailed(x, failure.problem.code)
    if (res.destroyed) return onFailure(new CallerGone())
    if (!failure.isDiscarded) {
      const isHopeless = this.isLast() || othersOf(upstream, x, target).length === 0
      if (isHopeless || !mayRepeat(x, this.body, failure)) return onFailure(failure.problem)
      if (!upstream.retries.take(failure.wasSent ? 'failed' : 'unsent')) return onFailure(failure.problem)
    }
    this.failure = failure
    x.tried.push(target)
    this.tryNext()
  }

  isLast(): boolean {
    const { x, upstream } = this.parts
    return x.attempt >= upstream.settings.maxAttempts || performance.now() > this.deadline - leastTryMs
  }
}

/**
 * Shapes the outgoing request and runs the onUpstream hooks, of which `balance` chooses the target and takes its slot.
 * @param connection closes when the caller goes away
 * @returns the target, whose slot the caller must give back; a promise only where the call has to wait for room
 * @throws CallerGone when it went away while it waited for room
 */
export function chooseTarget(
  { x, entry, pipeline, upstream, peer }: Pick<ReachParts, 'x' | 'entry' | 'pipeline' | 'upstream' | 'peer'>,
  connection: Connection,
  failure?: Failure,
): LiveTarget | Promise<LiveTarget> {
  const { method, path, query } = x.request
  const onwardPath = entry.upstreamPath + path.slice(entry.stripLength)
  x.outgoing = { method, path: (onwardPath || '/') + query, headers: outgoingHeaders(x, peer) }
  x.target = undefined
  let pending: Outcome
  try {
    pending = run(pipeline.onUpstream, x)
  } catch (error) {
    throw untaken(x, error, failure)
  }
  if (!isPromise(pending)) return presented(x, upstream)
  return unlessClosed(connection, pending, () => upstream.leave(x)).then(
    () => presented(x, upstream),
    (error) => {
      throw untaken(x, error, failure)
    },
  )
}

/** What a hook threw, once the target that another had taken is given back. */
function untaken(x: Exchange, error: unknown, failure: Failure | undefined): unknown {
  ;(x.target as TargetView | undefined)?.release()
  // No further target is left: what the last one did says more.
  return failure && (error as Problem).code === 'upstream-unavailable' ? failure.problem : error
}

/** What the service sees of whom it is asked by, and under which name. */
function presented(x: Exchange, upstream: LiveUpstream): LiveTarget {
  // `balance` took it from `upstream.targets`.
  const target = x.target as LiveTarget | undefined
  if (!target) throw problem('internal', { note: 'no policy chose a target' })
  const { headers } = x.outgoing!
  const keptHost = upstream.settings.preserveHost ? x.request.headers.host : undefined
  headers.push('host', (keptHost as string | undefined) ?? target.host)
  if (upstream.credential) setHeader(headers, upstream.credential.header, upstream.credential.value)
  return target
}

type Connection = CallerResponse | Duplex

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

function readShortBody({ req, res, x, pace }: ReachParts): Buffer | Promise<Buffer> | null {
  if (!x.request.hasBody) return null
  inviteBody(req, res, x)
  return readBody(req, x.request.contentLength, { maxBytes: x.request.maxBodyBytes, pace })
}

function openBody({ req, res, x, pace, upstream }: ReachParts): Readable {
  inviteBody(req, res, x)
  const serviceIdleMs = upstream.settings.idleTimeoutMs
  // What came whole is read, not streamed.
  return streamBody(req as IncomingMessage, {
    maxBytes: x.request.maxBodyBytes,
    pace,
    serviceIdleMs,
  })
}
