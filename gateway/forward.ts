import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { getHeader, removeHeader } from '../policies/header-list.ts'
import type { Exchange } from '../policies/policy.ts'
import { asProblem, type Problem, problem } from '../registry/base/problem.ts'
import { attemptProblem, sentDetail } from './attempt-problem.ts'
import { CallerGone } from './body.ts'
import type { CallerRequest, CallerResponse } from './caller.ts'
import { startWaiting, stopWaiting, type Waiting } from './deadlines.ts'
import { endAnswer } from './end-answer.ts'
import { Unprocessed } from './http2/call.ts'
import { closeAfterAnswer } from './linger.ts'
import { incomingHeaders, incomingTrailers, type RawLines } from './outgoing.ts'
import { isPromise, type Pipeline, run } from './pipeline.ts'
import { retryAfterSeconds } from './retry-after.ts'
import type { LiveTarget, LiveUpstream } from './targets.ts'

/** The only file that sends calls to a target; over what connections is decided in open-pool.ts. */

/** Why an attempt gave no answer. Once the head of an answer was sent on there is no failure any more, see below. */
export interface Failure {
  readonly problem: Problem
  /** Whether a byte of the call may have reached the target: then a payment is not sent again. */
  readonly wasSent: boolean
  /** There was an answer, given up for that of another target. */
  readonly isDiscarded?: boolean
}

/** The call that an attempt is made for: what it needs of it, and whom it tells. */
export interface Trying {
  readonly parts: {
    readonly x: Exchange
    readonly pipeline: Pipeline
    readonly req: CallerRequest
    readonly res: CallerResponse
    readonly onHead: () => void
  }
  readonly body: Buffer | Readable | null
  mustClose(): boolean
  mayDiscard(status: number, target: LiveTarget): boolean
  /** Once the head of an answer is on its way: the body follows by itself. */
  answered(target: LiveTarget, status: number): void
  /** Otherwise; then nothing was sent to the partner. */
  failed(target: LiveTarget, failure: Failure): void
}

/**
 * Sends the call to a target whose slot is taken, and its answer to the partner; gives the slot back exactly once.
 *
 * @param firstByteMs longest wait for the head of the answer, from when the call was sent
 * @param isFair whether that is a time in which a healthy target answers, and not what other tries left of it
 */
export function startAttempt(
  trying: Trying,
  target: LiveTarget,
  firstByteMs: number,
  isFair: boolean,
): Attempt {
  const running = new Attempt(trying, target, firstByteMs, isFair)
  const { method, path, headers } = trying.parts.x.outgoing!
  target.pool.dispatch({ method, path, headers, body: trying.body }, running)
  return running
}

/** undici asks for an object with methods; one class, so that no closure is made per request. */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly trying: Trying
  readonly target: LiveTarget
  readonly firstByteMs: number
  readonly isFair: boolean
  controller: Dispatcher.DispatchController | undefined = undefined
  /** By when the head of an answer is there; 0 while that is not settled. */
  dueAt = 0
  before: Waiting | undefined = undefined
  after: Waiting | undefined = undefined
  holdsSlot = true
  isSettled = false
  isAbandoned = false
  discarded: Failure | undefined = undefined
  /** Whether the head of an answer came. */
  isAnswered = false
  /** Whether it was sent on. */
  hasHead = false
  hasData = false
  bodyLeft = -1

  constructor(trying: Trying, target: LiveTarget, firstByteMs: number, isFair: boolean) {
    this.trying = trying
    this.target = target
    this.firstByteMs = firstByteMs
    this.isFair = isFair
    if (!isStream(trying.body)) this.startClock()
  }

  startClock() {
    this.dueAt = performance.now() + this.firstByteMs
    startWaiting(this)
  }

  /** The head of an answer did not come in time. */
  onDue() {
    const wasSent = this.controller !== undefined
    this.abandon(
      problem('upstream-timeout', {
        note: `no head of an answer within ${this.firstByteMs} ms`,
        detail: wasSent ? sentDetail : undefined,
      }),
    )
  }

  /** Ends the attempt from our side, if it has not ended. */
  abandon(reason: Error) {
    if (!this.holdsSlot) return
    this.isAbandoned = true
    this.end(reason)
    this.controller?.abort(reason)
  }

  onRequestStart(controller: Dispatcher.DispatchController) {
    // Given up while it waited for a connection: not a byte was written.
    if (this.isAbandoned) controller.abort(new CallerGone())
    else this.controller = controller
  }

  onRequestSent() {
    if (this.dueAt === 0 && !this.isAnswered && !this.isAbandoned) this.startClock()
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number) {
    if (status < 200) return // interim answers are between the service and us
    this.isAnswered = true
    const { target } = this
    const { x, pipeline, onHead } = this.trying.parts
    x.wasSent = true
    const { headers, length, trailer, coding } = incomingHeaders(
      controller.rawHeaders as RawLines,
      x.id,
      viaOf(x),
    )
    if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked')
      throw problem('upstream-answer-invalid', { note: 'a transfer coding that nobody asked for' })
    target.report(status, status === 503 ? retryAfterSeconds(getHeader(headers, 'retry-after')) : 0)
    if (length !== undefined) this.bodyLeft = Number(length)
    if (this.trying.mayDiscard(status, target)) return this.discard(status)
    stopWaiting(this)
    onHead()
    if (status === 204 && length !== undefined) removeHeader(headers, 'content-length') // RFC 9110 §8.6
    if (trailer !== undefined && this.mayTrail(status)) headers.push('trailer', trailer)
    x.response = { status, headers }
    const pending = this.runHooks(pipeline)
    if (!isPromise(pending)) return this.sendHead()
    controller.pause()
    pending
      .catch((error) => Promise.reject(asProblem(error)))
      .then(() => {
        this.sendHead()
        controller.resume()
      })
      .catch((error) => this.abandon(error))
  }

  /** A short body is read to its end, within the time for the head, so that the connection lives; else that ends. */
  discard(status: number) {
    const note = `target ${this.target.id} answered ${status}`
    this.discarded = { problem: problem('upstream-unavailable', { note }), wasSent: true, isDiscarded: true }
    if (this.bodyLeft === -1 || this.bodyLeft > drainedBytes) this.abandon(this.discarded.problem)
  }

  /** A fault of ours must not look like one of the service. */
  runHooks({ onResponse }: Pipeline) {
    try {
      return run(onResponse, this.trying.parts.x)
    } catch (error) {
      throw asProblem(error)
    }
  }

  /** Trailers need an answer in chunks; node refuses to announce them in any other. */
  mayTrail(status: number): boolean {
    const { x, req } = this.trying.parts
    const hasBody = x.request.method !== 'HEAD' && status !== 204 && status !== 304
    return hasBody && this.bodyLeft === -1 && req.httpVersion !== '1.0'
  }

  sendHead() {
    const { x, req, res } = this.trying.parts
    const { status, headers } = x.response!
    if (res.destroyed) return
    for (let i = 0; i < x.responseHeaders.length; i++) headers.push(x.responseHeaders[i]!)
    if (this.trying.mustClose()) {
      headers.push('connection', 'close')
      closeAfterAnswer(req)
    }
    res.writeHead(status, headers)
    this.hasHead = true
    if (!this.isSettled) {
      this.isSettled = true
      this.trying.answered(this.target, status)
    }
    // The head goes out together with the first bytes of the body, where these are already there.
    if (this.bodyLeft !== 0) process.nextTick(flushHead, this)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer) {
    if (this.discarded) return
    const { res } = this.trying.parts
    this.hasData = true
    if (this.bodyLeft !== -1) this.bodyLeft -= chunk.length
    if (this.bodyLeft === 0) endAnswer(res, chunk)
    else if (!res.write(chunk)) {
      controller.pause() // a partner that takes nothing is cut off: see slow-readers.ts
      res.once('drain', () => controller.resume())
    }
  }

  onResponseEnd(controller: Dispatcher.DispatchController) {
    const { res } = this.trying.parts
    this.giveBack()
    if (this.discarded) return this.fail(this.discarded)
    const trailers = controller.rawTrailers as Buffer[] | null
    if (trailers?.length) res.addTrailers(incomingTrailers(trailers))
    if (!res.writableEnded) res.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error) {
    if (!this.isAbandoned) this.end(error)
  }

  end(error: Error) {
    const { x, res } = this.trying.parts
    if (this.discarded) {
      if (error instanceof CallerGone) x.notes.endedBy = 'caller'
      this.giveBack()
      return this.fail(this.discarded)
    }
    const wasSent = this.controller !== undefined && !(error instanceof Unprocessed)
    const found = attemptProblem(error, wasSent, this.target)
    if (found.row.source === 'upstream' && (found.code !== 'upstream-timeout' || this.isFair))
      this.target.report(0)
    this.giveBack()
    if (error instanceof CallerGone) x.notes.endedBy = 'caller'
    else if (this.hasHead && !res.writableEnded) {
      x.problem ??= found
      this.breakOff()
    }
    this.fail({ problem: found, wasSent })
  }

  /** The partner must not take a cut answer for a whole one. In HTTP/1.0 the end of the connection is the end of it. */
  breakOff() {
    const { req, res } = this.trying.parts
    if (req.httpVersion === '1.0') req.socket.resetAndDestroy()
    else {
      res.flushHeaders() // an answer that breaks at once was one, all the same
      res.destroy()
    }
  }

  giveBack() {
    stopWaiting(this)
    if (!this.holdsSlot) return
    this.holdsSlot = false
    this.target.release()
  }

  /** Told once, and only before the head of an answer went on. */
  fail(failure: Failure) {
    if (this.isSettled) return
    this.isSettled = true
    this.trying.failed(this.target, failure)
  }
}

const viaOf = (x: Exchange) =>
  (x.upstream as LiveUpstream).settings.protocol === 'http1' ? '1.1 gateway' : '2.0 gateway'

/** Of an answer that is thrown away. */
const drainedBytes = 16_384

export const isStream = (body: Buffer | Readable | null): body is Readable =>
  body !== null && !Buffer.isBuffer(body)

function flushHead({ hasData, trying: { parts } }: Attempt) {
  const { res } = parts
  if (!hasData && !res.writableEnded && !res.destroyed) res.flushHeaders()
}
