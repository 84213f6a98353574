/**
 * The one error value. Thrown anywhere, rendered in one place per process (RFC 9457).
 * Codes are a public promise: add, never rename.
 */
interface Row {
  readonly status: number
  readonly title: string
  /** Whose doing it is: `downstream` the caller's, `gateway` ours, `upstream` the payment service's. */
  readonly source: 'downstream' | 'gateway' | 'upstream'
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean
  readonly log: 'debug' | 'info' | 'warn' | 'error'
}

const row = (
  status: number,
  title: string,
  source: Row['source'],
  retryable: boolean,
  log: Row['log'],
): Row => ({
  status,
  title,
  source,
  retryable,
  log,
})

export const problems = {
  // the request as such
  'request-malformed': row(400, 'The request cannot be understood', 'downstream', false, 'info'),
  'path-ambiguous': row(400, 'The path can be read in more than one way', 'downstream', false, 'info'),
  'route-unknown': row(404, 'There is nothing at this address', 'downstream', false, 'debug'),
  'method-not-allowed': row(405, 'This address does not take that method', 'downstream', false, 'debug'),
  'request-timeout': row(408, 'The request took too long to arrive', 'downstream', true, 'info'),
  'body-too-large': row(413, 'The body is too large', 'downstream', false, 'info'),
  'uri-too-long': row(414, 'The address is too long', 'downstream', false, 'info'),
  'media-type-unsupported': row(415, 'The media type is not supported', 'downstream', false, 'info'),
  'expectation-failed': row(417, 'The expectation cannot be met', 'downstream', false, 'info'),
  'too-early': row(425, 'The call came too early', 'downstream', true, 'info'),
  'headers-too-large': row(431, 'The headers are too large', 'downstream', false, 'info'),
  // who calls, and whether they may
  'credential-missing': row(401, 'A credential is required', 'downstream', false, 'info'),
  'credential-invalid': row(401, 'The credential is not valid', 'downstream', false, 'info'),
  'token-invalid': row(401, 'The access token is not valid', 'downstream', false, 'info'),
  'scope-insufficient': row(403, 'The credential lacks a scope', 'downstream', false, 'info'),
  'subscription-missing': row(
    403,
    'The application is not subscribed to this API version',
    'downstream',
    false,
    'info',
  ),
  'authorization-details-missing': row(
    403,
    'The token is for no payment that was allowed',
    'downstream',
    false,
    'info',
  ),
  'authorization-details-mismatch': row(
    403,
    'The payment is not the one that was allowed',
    'downstream',
    false,
    'info',
  ),
  'authorization-details-used': row(
    403,
    'The payment that was allowed was made',
    'downstream',
    false,
    'info',
  ),
  'address-refused': row(403, 'Calls from this address are not accepted', 'downstream', false, 'info'),
  'environment-unavailable': row(
    403,
    'This API version does not serve that environment',
    'downstream',
    false,
    'info',
  ),
  // how much
  'rate-limited': row(429, 'Too many calls', 'downstream', true, 'info'),
  'quota-exceeded': row(429, 'The calls of this period are used up', 'downstream', true, 'info'),
  'concurrency-exceeded': row(429, 'Too many calls at the same time', 'downstream', true, 'info'),
  'lookups-limited': row(429, 'Too many unknown credentials', 'downstream', true, 'info'),
  // the payment service
  'upstream-unreachable': row(502, 'The service could not be reached', 'upstream', true, 'warn'),
  'upstream-broke': row(502, 'The service broke off its answer', 'upstream', false, 'warn'),
  'upstream-answer-invalid': row(
    502,
    'The service gave an answer that is not HTTP',
    'upstream',
    false,
    'warn',
  ),
  'upstream-unavailable': row(503, 'No instance of the service is available', 'upstream', true, 'warn'),
  'upstream-busy': row(503, 'All instances of the service are at their limit', 'upstream', true, 'warn'),
  'upstream-timeout': row(504, 'The service did not answer in time', 'upstream', false, 'warn'),
  // ourselves
  'issuer-unavailable': row(503, 'The issuer of the token cannot be asked', 'gateway', true, 'warn'),
  'gateway-unreachable': row(502, 'The gateway cannot be reached', 'gateway', true, 'warn'),
  'store-unavailable': row(503, 'The platform cannot reach its store', 'gateway', true, 'error'),
  'not-ready': row(503, 'The gateway is not ready', 'gateway', true, 'warn'),
  internal: row(500, 'Something went wrong on our side', 'gateway', true, 'error'),
  // the admin API
  'input-invalid': row(400, 'The input is not valid', 'downstream', false, 'info'),
  'document-invalid': row(422, 'The OpenAPI document cannot be imported', 'downstream', false, 'info'),
  'publish-refused': row(422, 'The change set cannot be published', 'downstream', false, 'info'),
  'access-denied': row(403, 'Your token does not allow this', 'downstream', false, 'info'),
  'origin-refused': row(403, 'The call comes from another site', 'downstream', false, 'warn'),
  'second-factor-missing': row(403, 'A second factor is needed', 'downstream', false, 'info'),
  'sign-in-again': row(403, 'Please confirm that it is you', 'downstream', false, 'info'),
  'sign-in-failed': row(401, 'This does not sign you in', 'downstream', false, 'info'),
  'link-invalid': row(410, 'The link is not valid any more', 'downstream', false, 'info'),
  'password-weak': row(422, 'The password is too easy to guess', 'downstream', false, 'info'),
  'not-found': row(404, 'There is no such thing', 'downstream', false, 'debug'),
  'name-taken': row(409, 'The name is taken', 'downstream', false, 'info'),
  'state-conflict': row(409, 'The present state does not allow this', 'downstream', false, 'info'),
  'precondition-failed': row(412, 'It was changed in the meantime', 'downstream', false, 'info'),
  'precondition-required': row(428, 'An If-Match header is required', 'downstream', false, 'info'),
} as const satisfies Record<string, Row>

export type ProblemCode = keyof typeof problems

export interface FieldError {
  /** JSON pointer into the input, e.g. `/targets/0/url`. */
  readonly pointer: string
  readonly detail: string
  /** Line of the input text (from 1), where there is one. */
  readonly line?: number
}

export interface ProblemOptions {
  /** Speaks to the caller and says what to do. Never holds what the caller must not see. */
  readonly detail?: string
  readonly errors?: readonly FieldError[]
  readonly retryAfterSeconds?: number
  /** Extra response headers, such as Allow or WWW-Authenticate. */
  readonly headers?: Readonly<Record<string, string>>
  /** For the log only. */
  readonly note?: string
  readonly cause?: unknown
}

export class Problem extends Error {
  readonly code: ProblemCode
  readonly row: Row
  readonly detail: string | undefined
  readonly errors: readonly FieldError[] | undefined
  readonly retryAfterSeconds: number | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly note: string | undefined
  constructor(code: ProblemCode, options: ProblemOptions = {}) {
    // A refusal is an ordinary outcome on the hot path; its stack says nothing, and building it costs more than the rest.
    const limit = Error.stackTraceLimit
    if (problems[code].log !== 'error') Error.stackTraceLimit = 0
    super(
      options.detail ?? problems[code].title,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    Error.stackTraceLimit = limit
    this.name = 'Problem'
    this.code = code
    this.row = problems[code]
    this.detail = options.detail
    this.errors = options.errors
    this.retryAfterSeconds = options.retryAfterSeconds
    this.headers = options.headers
    this.note = options.note
  }
}

export function problem(code: ProblemCode, options?: ProblemOptions): Problem {
  return new Problem(code, options)
}

/** Any thrown value as a Problem; what we did not foresee is `internal`, its text kept for the log. */
export function asProblem(thrown: unknown): Problem {
  return thrown instanceof Problem ? thrown : new Problem('internal', { cause: thrown })
}

/** The body of an answer, `application/problem+json` (RFC 9457). */
export function problemBody(p: Problem, requestId: string): Record<string, unknown> {
  return {
    type: `urn:problem:${p.code}`,
    title: p.row.title,
    status: p.row.status,
    ...(p.detail === undefined ? {} : { detail: p.detail }),
    instance: `urn:request:${requestId}`,
    code: p.code,
    ...(p.errors === undefined ? {} : { errors: p.errors }),
  }
}
