import type { ErrorRequestHandler, RequestHandler } from 'express'
import type { Log } from '../registry/base/log.ts'
import { asProblem, type Problem, type ProblemCode, problem, problemBody } from '../registry/base/problem.ts'

/** What the body reader and express complain of, by their `type` or name. */
const foreign: Record<string, ProblemCode> = {
  'entity.too.large': 'body-too-large',
  'encoding.unsupported': 'media-type-unsupported',
  'charset.unsupported': 'media-type-unsupported',
  'request.aborted': 'request-malformed',
  'request.size.invalid': 'request-malformed',
  URIError: 'request-malformed',
}

/** The one place where the admin service renders a refusal (RFC 9457). */
export function renderProblems(log: Log): ErrorRequestHandler {
  // express tells an error handler by its four parameters.
  return (thrown, _req, res, _next) => {
    const p = translate(thrown)
    const { requestId } = res.locals
    res.locals.problem = p.code
    if (p.row.log === 'error') log.error({ requestId, code: p.code, note: p.note, err: p.cause ?? p })
    if (res.headersSent) return void res.destroy()
    for (const [name, value] of Object.entries(p.headers ?? {})) res.setHeader(name, value)
    if (p.retryAfterSeconds !== undefined) res.setHeader('Retry-After', String(p.retryAfterSeconds))
    res.removeHeader('ETag')
    res.status(p.row.status).type('application/problem+json')
    res.send(Buffer.from(JSON.stringify(problemBody(p, requestId))))
  }
}

export const unknownAddress: RequestHandler = () => {
  throw problem('route-unknown', { detail: 'The addresses of this API are listed in /api/openapi.json.' })
}

function translate(thrown: unknown): Problem {
  const { type = '', name = '' } = (thrown ?? {}) as { type?: string; name?: string }
  const code = foreign[type] ?? foreign[name]
  return code === undefined ? asProblem(thrown) : problem(code, { cause: thrown })
}
