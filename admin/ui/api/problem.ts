/** A refusal of the admin API (RFC 9457), or of the network, as one value. */
export interface Problem {
  /** A code of the API's table, or `offline`: no answer came at all. */
  readonly code: string
  /** 0: no answer. */
  readonly status: number
  readonly title: string
  readonly detail: string | undefined
  /** Names the request in the logs of the admin service. */
  readonly requestId: string | undefined
  readonly errors: readonly FieldFault[]
  readonly retryAfterSeconds: number | undefined
}

export interface FieldFault {
  /** JSON pointer into what was sent. */
  readonly pointer: string
  readonly detail: string
}

export class ProblemError extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.title)
    this.problem = problem
  }
}

export const offline = (): Problem => ({
  code: 'offline',
  status: 0,
  title: '',
  detail: undefined,
  requestId: undefined,
  errors: [],
  retryAfterSeconds: undefined,
})

/** What was thrown, by our client or by a fault in the app, as a problem to show. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof ProblemError) return thrown.problem
  return { ...offline(), code: 'internal', title: thrown instanceof Error ? thrown.message : '' }
}

export function readProblem(response: Response, body: unknown): Problem {
  const { code, title, detail, instance, errors } = (body ?? {}) as {
    code?: string
    title?: string
    detail?: string
    instance?: string
    errors?: FieldFault[]
  }
  const retryAfter = Number(response.headers.get('retry-after'))
  return {
    code: code ?? `status-${response.status}`,
    status: response.status,
    title: title ?? '',
    detail,
    requestId: instance?.replace(/^urn:request:/, '') ?? response.headers.get('x-request-id') ?? undefined,
    errors: errors ?? [],
    retryAfterSeconds: retryAfter > 0 ? retryAfter : undefined,
  }
}
