import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import type { Readable } from 'node:stream'
import { buildConnector, type Dispatcher, Pool } from 'undici'
import { getHeader, removeHeader } from '../policies/header-list.ts'
import type { Exchange } from '../policies/policy.ts'
import { asProblem, Problem, type ProblemCode, problem } from '../registry/base/problem.ts'
import type { SealedUpstream, Target } from '../registry/model.ts'
import { CallerGone } from './body.ts'
import { endAnswer } from './end-answer.ts'
import { hasParser } from './http1/parser.ts'
import { openHttp1Pool, type TargetPool } from './http1/pool.ts'
import { closeAfterAnswer } from './linger.ts'
import { incomingHeaders, incomingTrailers, type RawLines } from './outgoing.ts'
import { isPromise, type Pipeline, run } from './pipeline.ts'
import { retryAfterSeconds } from './retry-after.ts'
import type { LiveTarget } from './targets.ts'

/** The only file that sends HTTP to a target. */

/** Shorter than what services commonly keep: a POST must not meet a connection that is just being closed. */
const keepAliveMs = 4_000

export function openPool(upstream: SealedUpstream, target: Target): TargetPool {
  const { connectTimeoutMs, idleTimeoutMs: idleMs, caCertificate } = upstream
  if (hasParser)
    return openHttp1Pool({ url: target.url, connectTimeoutMs, idleMs, keepAliveMs, caCertificate })
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    rejectUnauthorized: true,
    allowH2: false,
    ...(caCertificate && { ca: caCertificate }),
  })
  const pool = new Pool(target.url, {
    connections: target.maxConnections ?? null,
    pipelining: 1,
    headersTimeout: 0, // ours, see Attempt: it is finer, and begins when the body was sent
    bodyTimeout: idleMs,
    keepAliveTimeout: keepAliveMs,
    connect: (options, done) => connect({ ...options, servername: nameOf(options.hostname) }, done),
    allowH2: false,
  })
  return {
    dispatch: ({ method, path, headers, body }, handler) =>
      pool.dispatch({ method: method as Dispatcher.HttpMethod, path, headers: [...headers], body }, handler),
    close: () => pool.close(),
    destroy: () => pool.destroy(),
  }
}

/** Of the service, whatever the Host that it is to see: undici would ask for that one's certificate. */
const nameOf = (hostname: string) => (isIP(hostname) ? '' : hostname)

/** Why an attempt gave no answer. Once the head of an answer was sent on there is no failure any more, see below. */
export interface Failure {
  readonly problem: Problem
  /** Whether a byte of the call may have reached the target: then a payment is not sent again. */
  readonly wasSent: boolean
  /** There was an answer, given up for that of another target. */
  readonly isDiscarded?: boolean
}

export interface AttemptOptions {
  readonly x: Exchange
  readonly target: LiveTarget
  readonly body: Buffer | Readable | null
  readonly pipeline: Pipeline
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** Longest wait for the head of the answer, from when the call was sent. */
  readonly firstByteMs: number
  /** Whether that is a time in which a healthy target answers, and not what other tries left of it. */
  readonly isFair: boolean
  /** Longest time in which the partner takes nothing of the answer. */
  readonly bodyIdleMs: number
  /** Whether the partner's connection ends with this answer. */
  readonly mustClose: () => boolean
  readonly onHead: () => void
  /** Whether an answer of this status is given up for that of another target. */
  readonly mayDiscard: (status: number) => boolean
}

/**
 * Sends the call to a target whose slot is taken, and its answer to the partner; gives the slot back exactly once.
 *
 * @returns undefined once the head of an answer is on its way: the body follows by itself, and what breaks then ends
 *   the partner's connection (`x.problem` says why). A failure otherwise; then nothing was sent to the partner.
 */
export function attempt(options: AttemptOptions): Promise<Failure | undefined> {
  return new Promise((resolve) => {
    const running = new Attempt(options, resolve)
    const { x, target, body } = options
    const { method, path, headers } = x.outgoing!
    target.pool.dispatch({ method, path, headers, body }, running)
  })
}

/** undici asks for an object with methods; one class, so that no closure is made per request. */
class Attempt implements Dispatcher.DispatchHandler {
  readonly options: AttemptOptions
  readonly settle: (failure: Failure | undefined) => void
  controller: Dispatcher.DispatchController | undefined
  timer: NodeJS.Timeout | undefined
  holdsSlot = true
  isSettled = false
  isAbandoned = false
  discarded: Failure | undefined
  /** Whether the head of an answer came. */
  isAnswered = false
  /** Whether it was sent on. */
  hasHead = false
  hasData = false
  bodyLeft = -1
  readonly onClose: () => void

  constructor(options: AttemptOptions, settle: (failure: Failure | undefined) => void) {
    this.options = options
    this.settle = settle
    this.onClose = () => {
      if (!options.res.writableFinished) this.abandon(new CallerGone())
    }
    options.res.on('close', this.onClose)
    if (!isStream(options.body)) this.startTimer()
  }

  startTimer() {
    this.timer = setTimeout(() => {
      const wasSent = this.controller !== undefined
      this.abandon(
        problem('upstream-timeout', {
          note: `no head of an answer within ${this.options.firstByteMs} ms`,
          detail: wasSent ? sentDetail : undefined,
        }),
      )
    }, this.options.firstByteMs)
  }

  /** Ends the attempt from our side. */
  abandon(reason: Error) {
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
    if (this.timer === undefined && !this.isAnswered && !this.isAbandoned) this.startTimer()
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number) {
    if (status < 200) return // interim answers are between the service and us
    this.isAnswered = true
    const { x, target, pipeline, onHead } = this.options
    const { headers, length, trailer, coding } = incomingHeaders(controller.rawHeaders as RawLines, x.id)
    if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked')
      throw problem('upstream-answer-invalid', { note: 'a transfer coding that nobody asked for' })
    target.report(status, status === 503 ? retryAfterSeconds(getHeader(headers, 'retry-after')) : 0)
    if (length !== undefined) this.bodyLeft = Number(length)
    if (this.options.mayDiscard(status)) return this.discard(status)
    clearTimeout(this.timer)
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
    const note = `target ${this.options.target.id} answered ${status}`
    this.discarded = { problem: problem('upstream-unavailable', { note }), wasSent: true, isDiscarded: true }
    if (this.bodyLeft === -1 || this.bodyLeft > drainedBytes) this.abandon(this.discarded.problem)
  }

  /** A fault of ours must not look like one of the service. */
  runHooks({ onResponse }: Pipeline) {
    try {
      return run(onResponse, this.options.x)
    } catch (error) {
      throw asProblem(error)
    }
  }

  /** Trailers need an answer in chunks; node refuses to announce them in any other. */
  mayTrail(status: number): boolean {
    const { x, req } = this.options
    const hasBody = x.request.method !== 'HEAD' && status !== 204 && status !== 304
    return hasBody && this.bodyLeft === -1 && req.httpVersion !== '1.0'
  }

  sendHead() {
    const { x, req, res, mustClose } = this.options
    const { status, headers } = x.response!
    if (res.destroyed) return
    headers.push(...x.responseHeaders)
    if (mustClose()) {
      headers.push('connection', 'close')
      closeAfterAnswer(req)
    }
    res.writeHead(status, headers)
    this.hasHead = true
    this.settleOnce(undefined)
    // The head goes out together with the first bytes of the body, where these are already there.
    if (this.bodyLeft !== 0) process.nextTick(flushHead, this)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer) {
    if (this.discarded) return
    const { res } = this.options
    this.hasData = true
    if (this.bodyLeft !== -1) this.bodyLeft -= chunk.length
    if (this.bodyLeft === 0) this.finish(chunk)
    else if (!res.write(chunk)) {
      controller.pause()
      this.watchReader()
      res.once('drain', () => {
        res.socket?.setTimeout(0)
        controller.resume()
      })
    }
  }

  finish(chunk?: Buffer) {
    const { res } = this.options
    endAnswer(res, chunk)
    if (res.writableLength > 0) this.watchReader()
  }

  /** A partner that takes nothing for so long is cut off by node: it holds memory, and perhaps a slot. */
  watchReader() {
    this.options.res.socket?.setTimeout(this.options.bodyIdleMs)
  }

  onResponseEnd(controller: Dispatcher.DispatchController) {
    const { res } = this.options
    this.giveBack()
    if (this.discarded) return this.settleOnce(this.discarded)
    const trailers = controller.rawTrailers as Buffer[] | null
    if (trailers?.length) res.addTrailers(incomingTrailers(trailers))
    if (!res.writableEnded) this.finish()
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error) {
    if (!this.isAbandoned) this.end(error)
  }

  end(error: Error) {
    const { x, res, target } = this.options
    if (this.discarded) {
      if (error instanceof CallerGone) x.notes.endedBy = 'caller'
      this.giveBack()
      return this.settleOnce(this.discarded)
    }
    const wasSent = this.controller !== undefined
    const found = this.problemOf(error, wasSent)
    if (found.row.source === 'upstream' && (found.code !== 'upstream-timeout' || this.options.isFair))
      target.report(0)
    this.giveBack()
    if (error instanceof CallerGone) x.notes.endedBy = 'caller'
    else if (this.hasHead && !res.writableEnded) {
      x.problem ??= found
      this.breakOff()
    }
    this.settleOnce({ problem: found, wasSent })
  }

  /** The partner must not take a cut answer for a whole one. In HTTP/1.0 the end of the connection is the end of it. */
  breakOff() {
    const { req, res } = this.options
    if (req.httpVersion === '1.0') req.socket.resetAndDestroy()
    else {
      res.flushHeaders() // an answer that breaks at once was one, all the same
      res.destroy()
    }
  }

  giveBack() {
    clearTimeout(this.timer)
    this.options.res.off('close', this.onClose)
    if (!this.holdsSlot) return
    this.holdsSlot = false
    this.options.target.release()
  }

  settleOnce(failure: Failure | undefined) {
    if (this.isSettled) return
    this.isSettled = true
    this.settle(failure)
  }

  problemOf(error: Error, wasSent: boolean): Problem {
    if (error instanceof Problem) return error
    if (error instanceof CallerGone)
      return problem('request-malformed', { note: 'the caller went away', cause: error })
    const code = codeOf(error, wasSent)
    const { target } = this.options
    const isUnsure = wasSent && (code === 'upstream-broke' || code === 'upstream-timeout')
    return problem(code, {
      cause: error,
      note: `target ${target.id}`,
      detail: isUnsure ? sentDetail : undefined,
    })
  }
}

/** Of an answer that is thrown away. */
const drainedBytes = 16_384

const sentDetail = 'The call had been sent to the service; whether it took effect is not known.'

/** Of http1/ and of undici. */
const slowCodes = new Set([
  'CONNECT_TIMEOUT',
  'ANSWER_IDLE',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
])
const unwritableCodes = new Set(['UNWRITABLE', 'UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED'])

function codeOf(error: Error & { code?: string }, wasSent: boolean): ProblemCode {
  const code = error.code ?? ''
  if (slowCodes.has(code)) return 'upstream-timeout'
  if (unwritableCodes.has(code)) return 'request-malformed'
  if (
    // Without a code where the answer is not HTTP at all; an end in its midst is a break like any other.
    ((error.name === 'HTTPParserError' || code.startsWith('HPE_')) && code !== 'HPE_INVALID_EOF_STATE') ||
    code === 'UND_ERR_HEADERS_OVERFLOW' ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
  ) {
    return 'upstream-answer-invalid'
  }
  if (
    code === 'ERR_INVALID_CHAR' ||
    code === 'ERR_INVALID_HTTP_TOKEN' ||
    code === 'ERR_HTTP_INVALID_STATUS_CODE'
  )
    return 'upstream-answer-invalid'
  return wasSent ? 'upstream-broke' : 'upstream-unreachable'
}

export const isStream = (body: Buffer | Readable | null): body is Readable =>
  body !== null && !Buffer.isBuffer(body)

function flushHead({ hasData, options: { res } }: Attempt) {
  if (!hasData && !res.writableEnded && !res.destroyed) res.flushHeaders()
}
