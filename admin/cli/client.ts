import type { FieldError } from '../../registry/base/problem.ts'

export interface ProblemBody {
  readonly title: string
  readonly status: number
  readonly code: string
  readonly instance: string
  readonly detail?: string
  readonly errors?: readonly FieldError[]
}

/** A refusal of the admin API, for the one place that prints it. */
export interface RefusalError extends Error {
  readonly problem: ProblemBody
}

export interface Fetched<T> {
  readonly body: T
  readonly etag: string
}

export type Client = ReturnType<typeof createClient>

/** The admin API over HTTP. The token goes in a header, and nothing secret in an address. */
export function createClient(url: string, token: string) {
  async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<Fetched<T>> {
    const headers: Record<string, string> = { Authorization: `Bearer ${token}` }
    if (options.ifMatch !== undefined) headers['If-Match'] = options.ifMatch
    if (options.body !== undefined) headers['Content-Type'] = 'application/json'
    const body = options.bytes ? new Uint8Array(options.bytes) : JSON.stringify(options.body)
    const response = await reach(new URL(path, url), { method, headers, redirect: 'error', body })
    if (!response.ok) throw await refusal(response)
    const text = await response.text()
    return {
      body: (text === '' ? undefined : JSON.parse(text)) as T,
      etag: response.headers.get('etag') ?? '',
    }
  }

  return {
    get: <T>(path: string) => call<T>('GET', path),
    post: <T>(path: string, body?: unknown) => call<T>('POST', path, { body }),
    postBytes: <T>(path: string, bytes: Buffer) => call<T>('POST', path, { bytes }),
    put: <T>(path: string, body: unknown, ifMatch: string) => call<T>('PUT', path, { body, ifMatch }),
    delete: (path: string, ifMatch: string) => call<undefined>('DELETE', path, { ifMatch }),
    putBytes: <T>(path: string, bytes: Buffer, ifMatch: string) => call<T>('PUT', path, { bytes, ifMatch }),
    /** All items of a list, page after page. */
    async all<T>(path: string, query: Record<string, string> = {}): Promise<T[]> {
      const items: T[] = []
      let after: string | null = null
      do {
        const search: string = new URLSearchParams({
          ...query,
          limit: '200',
          ...(after ? { after } : {}),
        }).toString()
        const { body } = await call<{ items: T[]; next: string | null }>('GET', `${path}?${search}`)
        items.push(...body.items)
        after = body.next
      } while (after !== null)
      return items
    },
  }
}

interface CallOptions {
  readonly body?: unknown
  readonly bytes?: Buffer
  readonly ifMatch?: string
}

/** fetch, with a failure that says where one tried to go. */
export async function reach(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (error) {
    const reason =
      ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code ?? (error as Error).message
    throw new Error(`${url.origin} cannot be reached (${reason}). Is it the right address, and does it run?`)
  }
}

async function refusal(response: Response): Promise<Error> {
  const text = await response.text()
  if (!response.headers.get('content-type')?.includes('problem+json'))
    return new Error(`${response.url} answered ${response.status}; is it the admin service?`)
  const problem = JSON.parse(text) as ProblemBody
  return Object.assign(new Error(problem.detail ?? problem.title), { problem })
}
