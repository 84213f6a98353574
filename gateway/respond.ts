import type { Exchange, HeaderList, Reply } from '../policies/policy.ts'
import { type Problem, type ProblemCode, problemBody } from '../registry/base/problem.ts'
import type { CallerRequest, CallerResponse } from './caller.ts'
import { endAnswer } from './end-answer.ts'
import { grpcHeaders, isGrpc } from './grpc.ts'
import { closeAfterAnswer, dropRest } from './linger.ts'
import { after, type Pipeline, run } from './pipeline.ts'

/** Sends an intended answer by the same onResponse path as a service's. */
export function sendReply(
  pipeline: Pipeline,
  x: Exchange,
  reply: Reply,
  req: CallerRequest,
  res: CallerResponse,
): void | Promise<void> {
  const headers: HeaderList = [...reply.headers, 'x-request-id', x.id]
  return sendWhole(pipeline, x, reply.status, headers, Buffer.from(reply.body ?? ''), req, res)
}

/** Sends a refusal (RFC 9457). The only place where a Problem becomes an answer to a partner. */
export function sendProblem(
  pipeline: Pipeline,
  x: Exchange,
  problem: Problem,
  req: CallerRequest,
  res: CallerResponse,
): void | Promise<void> {
  x.problem = problem
  if (isGrpc(req)) {
    const headers = grpcHeaders(problem, problemHeaders(problem, x))
    return sendWhole(pipeline, x, 200, headers, Buffer.alloc(0), req, res)
  }
  const body = Buffer.from(JSON.stringify(problemBody(problem, x.id)))
  return sendWhole(pipeline, x, problem.row.status, problemHeaders(problem, x), body, req, res)
}

export function problemHeaders(problem: Problem, x: Exchange): HeaderList {
  const headers: HeaderList = [
    'content-type',
    'application/problem+json',
    'cache-control',
    'no-store',
    'x-request-id',
    x.id,
  ]
  if (problem.retryAfterSeconds !== undefined)
    headers.push('retry-after', String(Math.max(1, Math.ceil(problem.retryAfterSeconds))))
  for (const [name, value] of Object.entries(problem.headers ?? {})) headers.push(name, value)
  return headers
}

function sendWhole(
  pipeline: Pipeline,
  x: Exchange,
  status: number,
  headers: HeaderList,
  body: Buffer,
  req: CallerRequest,
  res: CallerResponse,
): void | Promise<void> {
  if (res.destroyed || res.headersSent) return
  x.response = { status, headers }
  return after(run(pipeline.onResponse, x), () => {
    headers.push(...x.responseHeaders)
    if (status !== 204) headers.push('content-length', String(body.length))
    if (mustClose(x, req)) {
      headers.push('connection', 'close')
      closeAfterAnswer(req)
    } else if (!req.complete) {
      if (!res.shouldKeepAlive) closeAfterAnswer(req)
      dropRest(req)
    }
    res.writeHead(status, headers)
    endAnswer(res, x.request.method === 'HEAD' || status === 204 ? undefined : body)
  })
}

/** After these it is not certain where the next request begins, or the partner is known to be slow. */
const closingCodes: ReadonlySet<ProblemCode> = new Set([
  'request-malformed',
  'request-timeout',
  'headers-too-large',
])

/**
 * Whether a body is still under way that we will not read: its bytes must not be taken for the next request. A small
 * one of known length is read and thrown away by node, which spares the partner a new connection.
 */
function mustClose(x: Exchange, req: CallerRequest): boolean {
  if (x.problem && closingCodes.has(x.problem.code)) return true
  if (req.complete || !x.request.hasBody) return false
  return (
    x.request.contentLength === undefined ||
    x.request.contentLength > 65_536 ||
    req.headers.expect !== undefined
  )
}
