import createClient, { type Middleware } from 'openapi-fetch'
import type { components, paths } from './admin-api.d.ts'
import { offline, ProblemError, readProblem } from './problem.ts'

/** The admin API as typed calls. */
export const api = createClient<paths>({ baseUrl: location.origin, credentials: 'same-origin' })

export type Schemas = components['schemas']

/** Refusals are thrown, so that queries and forms meet them in one place. */
const throwing: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return
    const text = await response.clone().text()
    throw new ProblemError(readProblem(response, asJson(text)))
  },
  onError({ error }) {
    // fetch says no more than that it failed; an aborted call is somebody's decision and stays one.
    if (error instanceof DOMException && error.name === 'AbortError') return error
    return new ProblemError(offline())
  },
}
api.use(throwing)

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The body of an answer that was no refusal. */
export async function dataOf<T>(call: Promise<{ data?: T; response: Response }>): Promise<T> {
  return (await call).data as T
}

/** A record with the etag that a change of it must name. */
export interface Versioned<T> {
  readonly value: T
  readonly etag: string
}

export async function versioned<T>(call: Promise<{ data?: T; response: Response }>): Promise<Versioned<T>> {
  const { data, response } = await call
  return { value: data as T, etag: response.headers.get('etag') ?? '*' }
}
