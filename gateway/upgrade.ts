import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { createProxyMiddleware } from 'http-proxy-middleware'
import type { Exchange, HeaderList } from '../policies/policy.ts'
import { asProblem, type Problem, problem, problemBody } from '../registry/base/problem.ts'
import { peerOf } from './client-address.ts'
import { openExchange, readRequest } from './exchange.ts'
import { findRoute } from './find-route.ts'
import { admit, type HandleParts, notReady, pipelineOfPlan, type Timing } from './handle.ts'
import { endBehindCall } from './parser-errors.ts'
import { emptyPipeline, type Pipeline, run } from './pipeline.ts'
import { chooseTarget } from './reach.ts'
import { problemHeaders } from './respond.ts'
import type { LiveTarget } from './targets.ts'
import { attemptStarts } from './trace.ts'

/** WebSockets: the same authentication, limits and choice of target as any call; then bytes in both directions. */

/** Other protocols are not offered: their Upgrade is ignored, as RFC 9110 §7.8 lets a server do, and the call is served. */
export function isWebSocket(req: IncomingMessage): boolean {
  return req.method === 'GET' && req.headers.upgrade?.toLowerCase() === 'websocket'
}

interface Call {
  readonly x: Exchange
  readonly socket: Duplex
  readonly startedMs: number
  target: LiveTarget | undefined
  caCertificate: string | undefined
  pipeline: Pipeline
  /** What was answered; 0 while nothing was. */
  status: number
  timer: NodeJS.Timeout | undefined
  readonly stopWatching: () => void
}

export interface Upgrades {
  handle(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>
  /** Ends all WebSockets: node does not count them among the connections of its server. */
  endAll(): void
}

export function createUpgrades(parts: HandleParts): Upgrades {
  const calls = new WeakMap<IncomingMessage, Call>()
  const proxy = createProxy(calls)
  const open = new Set<Duplex>()

  async function handle(req: IncomingMessage, socket: Duplex, head: Buffer) {
    if (endBehindCall(req.socket)) return
    const x = openExchange(req, parts.now())
    parts.beginTrace?.(x, req)
    const held = parts.holdTable()
    const call: Call = {
      x,
      socket,
      startedMs: performance.now(),
      target: undefined,
      caCertificate: undefined,
      pipeline: emptyPipeline,
      status: 0,
      timer: undefined,
      stopWatching: watchForEnd(socket),
    }
    // A WebSocket counts as one call in flight until its socket closes.
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      clearTimeout(call.timer)
      giveBack(call)
      for (const hook of call.pipeline.onEnd) hook(x)
      held?.letGo()
      parts.observe(x, timingOf(call))
    })
    socket.on('error', () => socket.destroy())
    try {
      if (!held || parts.isDraining()) throw notReady()
      readRequest(x, req, parts.limits)
      if (x.request.hasBody)
        throw problem('request-malformed', { detail: 'A request for an upgrade has no body.' })
      const { entry, params } = findRoute(held.table, x)
      x.route = entry.route
      x.params = params
      call.pipeline = entry.identify
      if (await run(entry.identify.onRequest, x))
        throw problem('request-malformed', { detail: 'This address takes no upgrade.' })
      const upstream = admit(x, entry)
      if (upstream.settings.protocol !== 'http1')
        throw problem('request-malformed', { detail: 'This address takes no upgrade.' })
      call.pipeline = pipelineOfPlan(entry, x)
      if (await run(call.pipeline.onRequest, x))
        throw problem('request-malformed', { detail: 'This address takes no upgrade.' })
      x.attempt = 1
      const peer = peerOf(req, parts.limits.isTrustedProxy)
      const target = await chooseTarget({ x, entry, pipeline: call.pipeline, upstream, peer }, socket)
      if (socket.destroyed) return target.release()
      attemptStarts(x, target)
      call.target = target
      call.caCertificate = upstream.settings.caCertificate
      call.timer = setTimeout(() => {
        target.report(0)
        refuse(call, problem('upstream-timeout'))
      }, upstream.settings.firstByteTimeoutMs)
      sendOnward(req, x)
      calls.set(req, call)
      proxy.upgrade(req, socket as Parameters<typeof proxy.upgrade>[1], head)
    } catch (error) {
      refuse(call, asProblem(error))
    }
  }

  return {
    handle,
    endAll() {
      for (const socket of open) socket.destroy()
    },
  }
}

/** One proxy for all: it takes the target that was chosen from the call. */
function createProxy(calls: WeakMap<IncomingMessage, Call>) {
  return createProxyMiddleware<IncomingMessage>({
    target: 'http://127.0.0.1:9', // never used: the router names one for every call
    router: (req) => targetOptions(calls.get(req)!),
    on: {
      proxyReqWs: (proxyReq, req) => {
        const call = calls.get(req)!
        const answered = (status: number) => {
          call.target?.report(status)
          clearTimeout(call.timer)
          call.stopWatching()
          call.status = status
        }
        // The partner gone, or refused: the service need not go on either.
        call.socket.once('close', () => proxyReq.destroy())
        proxyReq.once('upgrade', (_res, serviceSocket) => {
          answered(101)
          call.socket.once('close', () => serviceSocket.destroy())
        })
        proxyReq.once('response', (res) => {
          answered(res.statusCode ?? 502)
          call.socket.resume() // no tunnel: what still comes is for nobody
          res.once('end', () => endSoon(call))
        })
      },
      error: (error, req) => {
        const call = calls.get(req)
        if (!call) return
        if (!call.socket.destroyed && call.status === 0) call.target?.report(0)
        refuse(call, upstreamProblem(error))
      },
    },
  })
}

/**
 * Until there is a tunnel nobody reads the socket, so nobody would see the partner close it; what it sends too early
 * stays for the service.
 */
function watchForEnd(socket: Duplex): () => void {
  const onReadable = () => {
    if (socket.readableLength === 0) socket.read()
  }
  const onEnd = () => socket.destroy()
  socket.on('readable', onReadable).on('end', onEnd)
  return () => void socket.off('readable', onReadable).off('end', onEnd)
}

function targetOptions({ target, caCertificate }: Call) {
  const { protocol, hostname, port } = new URL(target!.url)
  return {
    protocol,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port || (protocol === 'https:' ? '443' : '80'),
    ...(caCertificate && { ca: caCertificate }),
  }
}

/** The proxy sends what `req` says: so it must say what was decided. */
function sendOnward(req: IncomingMessage, x: Exchange) {
  const { path, headers } = x.outgoing!
  const onward: Record<string, string | string[]> = Object.create(null)
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!.toLowerCase()
    if (name === 'content-length') continue // of no body: it may have been said in a way of its own, as `00`
    const before = onward[name]
    onward[name] = before === undefined ? headers[i + 1]! : [before, headers[i + 1]!].flat()
  }
  req.headers = { ...onward, connection: 'Upgrade', upgrade: 'websocket' }
  req.url = path
}

/** Answers on the bare socket while no answer was sent; afterwards only ends it. */
function refuse(call: Call, refusal: Problem) {
  clearTimeout(call.timer)
  const { x, socket } = call
  if (x.problem) return // the answer is on its way
  if (call.status !== 0 || socket.destroyed || !socket.writable) return void socket.destroy()
  x.problem = refusal
  call.status = refusal.row.status
  const body = JSON.stringify(problemBody(refusal, x.id))
  const headers = [
    ...problemHeaders(refusal, x),
    ...x.responseHeaders,
    'content-length',
    String(Buffer.byteLength(body)),
    'connection',
    'close',
  ]
  socket.end(`HTTP/1.1 ${refusal.row.status} ${refusal.row.title}\r\n${lines(headers)}\r\n${body}`)
  call.stopWatching()
  socket.resume()
  endSoon(call)
}

/** The answer is out and no tunnel comes of it: a partner that does not close its side must not hold a slot. */
function endSoon(call: Call) {
  giveBack(call)
  call.timer = setTimeout(() => call.socket.destroy(), 5_000)
}

function giveBack(call: Call) {
  call.target?.release()
  call.target = undefined
}

const lines = (headers: HeaderList) =>
  headers.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('')

function upstreamProblem(error: Error & { code?: string }): Problem {
  const isUnreached = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'].includes(
    error.code ?? '',
  )
  return problem(isUnreached ? 'upstream-unreachable' : 'upstream-broke', { cause: error })
}

function timingOf({ startedMs, status }: Call): Timing {
  return {
    startedMs,
    totalMs: performance.now() - startedMs,
    upstreamMs: undefined,
    status,
    isAborted: status === 0,
  }
}
