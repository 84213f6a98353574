import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Exchange, Reply } from '../policies/policy.ts'
import { asProblem, problem } from '../registry/base/problem.ts'
import { CallerGone, inviteBody, readBody } from './body.ts'
import type { CallerRequest, CallerResponse } from './caller.ts'
import { peerOf } from './client-address.ts'
import type { RouteEntry, Table } from './compile.ts'
import { asksForUpgrade, type ExchangeLimits, openExchange, readRequest } from './exchange.ts'
import { findRoute } from './find-route.ts'
import { isClosing } from './linger.ts'
import type { Pace } from './pace.ts'
import { after, emptyPipeline, isPromise, type Pipeline, run } from './pipeline.ts'
import { type Reaching, reach } from './reach.ts'
import { sendProblem, sendReply } from './respond.ts'
import type { LiveUpstream } from './targets.ts'

export interface HandleParts {
  /** The table in force, held until `letGo` is called; undefined before the first one. */
  readonly holdTable: () => HeldTable | undefined
  readonly limits: ExchangeLimits
  /** How slow a partner may be. */
  readonly pace: Pace
  readonly now: () => number
  /** Says whether the call is recorded as a trace; absent while none is. */
  readonly beginTrace: ((x: Exchange, req: CallerRequest) => void) | undefined
  readonly isDraining: () => boolean
  /** Counts and logs; once for every request, last. */
  readonly observe: (x: Exchange, timing: Timing) => void
}

export interface HeldTable {
  readonly table: Table
  readonly letGo: () => void
}

/** ms, by the monotonic clock */
export interface Timing {
  readonly startedMs: number
  readonly totalMs: number
  /** From the first attempt to the head of the answer; undefined when no service was asked. */
  readonly upstreamMs: number | undefined
  /** As sent; 0 when the connection ended before an answer. */
  readonly status: number
  readonly isAborted: boolean
}

/** One request with its sockets, which hooks never see. */
interface Call {
  readonly req: CallerRequest
  readonly res: CallerResponse
  readonly x: Exchange
  pipeline: Pipeline
  /** Set once the service is asked. */
  reaching: Reaching | undefined
  upstreamStartMs: number
  upstreamHeadMs: number
}

type Serve = (req: IncomingMessage, res: ServerResponse) => unknown

/**
 * Takes calls as node hands them over. Those that came on one connection before the answer to an earlier one are served
 * in turn (RFC 9112 §9.3.2): a payment must not overtake the one before it, and one connection not flood the store.
 */
export function inTurn(serve: Serve) {
  const waiting = new WeakMap<Socket, number>()
  return function take(req: IncomingMessage, res: ServerResponse): void {
    const { socket } = req
    if (isClosing(socket)) return
    if (asksForUpgrade(req)) res.shouldKeepAlive = false
    if (res.socket) {
      // Once node has read all that came: what is no HTTP behind the call has its answer be the last, and say so.
      process.nextTick(() => {
        if (!res.destroyed) serve(req, res)
      })
      return
    }
    const ahead = (waiting.get(socket) ?? 0) + 1
    if (ahead > maxPipelined) return void socket.destroy()
    waiting.set(socket, ahead)
    res.once('socket', () => {
      waiting.set(socket, waiting.get(socket)! - 1)
      if (!isClosing(socket)) void serve(req, res)
    })
  }
}

/** Most calls that wait their turn on one connection. */
const maxPipelined = 100

/** The story of a request, top to bottom. Nothing waits, and no promise is made, where what is needed is there. */
export function createHandler(parts: HandleParts) {
  return function handle(req: CallerRequest, res: CallerResponse): void {
    const startedMs = performance.now()
    const x = openExchange(req, parts.now())
    parts.beginTrace?.(x, req)
    const held = parts.holdTable() // this request keeps this table, whatever is published meanwhile
    const call: Call = {
      req,
      res,
      x,
      pipeline: emptyPipeline,
      reaching: undefined,
      upstreamStartMs: 0,
      upstreamHeadMs: 0,
    }
    // 'close' comes once, whether the answer was finished or the connection broke.
    res.once('close', () => {
      if (!res.writableFinished) call.reaching?.callerGone()
      for (const hook of call.pipeline.onEnd) hook(x)
      held?.letGo()
      parts.observe(x, timingOf(call, startedMs))
    })
    if (parts.isDraining()) res.shouldKeepAlive = false
    try {
      if (!held) throw notReady()
      readRequest(x, req, parts.limits)
      const { entry, params, isPreflight } = findRoute(held.table, x)
      x.route = entry.route
      x.params = params
      call.pipeline = isPreflight ? entry.preflight! : entry.identify
      const answered = after(outcome(call), (reply) => {
        if (reply) return sendReply(call.pipeline, x, reply, req, res)
        if (isPreflight) throw problem('method-not-allowed')
        return proceed(call, entry, parts)
      })
      if (isPromise(answered)) answered.catch((error) => fail(call, error))
    } catch (error) {
      fail(call, error)
    }
  }
}

/** The caller is known and may come in: now the limits of its plan, then the service. */
function proceed(call: Call, entry: RouteEntry, parts: HandleParts): void | Promise<void> {
  const { x } = call
  const upstream = admit(x, entry)
  call.pipeline = pipelineOfPlan(entry, x)
  if (!call.pipeline.readsBody || !x.request.hasBody) return limitAndReach(call, entry, upstream, parts)
  return after(wholeBody(call, parts), (body) => {
    x.request.body = body
    return limitAndReach(call, entry, upstream, parts)
  })
}

function limitAndReach(
  call: Call,
  entry: RouteEntry,
  upstream: LiveUpstream,
  parts: HandleParts,
): void | Promise<void> {
  const { x, req, res, pipeline } = call
  return after(outcome(call), (reply) => {
    if (reply) return sendReply(pipeline, x, reply, req, res)
    const peer = peerOf(req, parts.limits.isTrustedProxy)
    call.upstreamStartMs = performance.now()
    call.reaching = reach({
      x,
      req,
      res,
      entry,
      pipeline,
      upstream,
      peer,
      pace: parts.pace,
      onHead: () => {
        call.upstreamHeadMs = performance.now()
      },
      onFailure: (error) => fail(call, error),
    })
  })
}

/** Runs the onRequest hooks of the pipeline; a promise only where one of them gave one. */
function outcome({ pipeline, x }: Call): Reply | undefined | Promise<Reply | undefined> {
  return run(pipeline.onRequest, x) as Reply | undefined | Promise<Reply | undefined>
}

/** What was thrown, anywhere, becomes the answer; where the caller is gone there is nobody to answer. */
function fail(call: Call, error: unknown): void {
  const { req, res, x, pipeline } = call
  if (error instanceof CallerGone) {
    endUnanswered(call)
    return
  }
  try {
    const sent = sendProblem(pipeline, x, asProblem(error), req, res)
    if (isPromise(sent)) sent.catch((fault) => endFailed(call, fault))
  } catch (fault) {
    endFailed(call, fault)
  }
}

/** Settles which world the call belongs to, and with it the service. @throws Problem environment-unavailable */
export function admit(x: Exchange, entry: RouteEntry): LiveUpstream {
  x.environment = x.identity?.environment ?? entry.anonymousEnvironment
  const upstream = entry.upstreams[x.environment]
  if (!upstream) {
    const detail = `This version has no ${x.environment} service. Use a credential of the other environment.`
    throw problem('environment-unavailable', { detail })
  }
  x.upstream = upstream
  return upstream
}

/** @throws Problem subscription-missing: without its plan a subscription would have no limits */
export function pipelineOfPlan(entry: RouteEntry, x: Exchange): Pipeline {
  const planId = x.identity?.subscriptions.get(entry.route.versionId)?.planId ?? ''
  const pipeline = entry.byPlan.get(planId)
  if (pipeline) return pipeline
  throw problem('subscription-missing', {
    detail: 'The plan of the subscription is not published.',
    note: `plan ${planId}`,
  })
}

export const notReady = () =>
  problem('not-ready', { detail: 'The gateway has not loaded its configuration yet.', retryAfterSeconds: 1 })

function wholeBody({ req, res, x }: Call, parts: HandleParts): Buffer | Promise<Buffer> {
  inviteBody(req, res, x)
  return readBody(req, x.request.contentLength, {
    maxBytes: x.request.maxBodyBytes,
    pace: parts.pace,
  })
}

function endUnanswered({ res, x }: Call) {
  x.notes.endedBy = 'caller'
  res.destroy()
}

/** Even the refusal could not be sent: the connection is all that is left to end. */
function endFailed({ res, x }: Call, fault: unknown) {
  x.problem = problem('internal', { cause: fault })
  res.destroy()
}

function timingOf({ res, upstreamStartMs, upstreamHeadMs }: Call, startedMs: number): Timing {
  const end = performance.now()
  const upstreamMs = upstreamStartMs === 0 ? undefined : (upstreamHeadMs || end) - upstreamStartMs
  return {
    startedMs,
    totalMs: end - startedMs,
    upstreamMs,
    status: res.headersSent ? res.statusCode : 0,
    isAborted: !res.writableFinished,
  }
}
