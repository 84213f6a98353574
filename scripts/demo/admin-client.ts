import { SetupFault } from '../setup.mjs'

/** The admin API, as any script would use it: HTTP and a token. */
export interface AdminClient {
  get<T>(path: string): Promise<Answer<T> | undefined>
  post<T>(path: string, body: unknown): Promise<Answer<T>>
  /** @param etag of what is replaced */
  put<T>(path: string, body: unknown, etag: string): Promise<Answer<T>>
}

export interface Answer<T> {
  readonly body: T
  readonly etag: string
}

export interface Named {
  readonly id: string
  readonly name: string
}

const timeoutMs = 60_000

/**
 * A client for one token. Every method throws a SetupFault with what the API said when it refuses; `get` gives undefined
 * where it says 401 or 404.
 */
export function createAdminClient(url: string, token: string): AdminClient {
  async function call(method: string, path: string, body?: unknown, etag?: string) {
    const isDocument = Buffer.isBuffer(body)
    const headers = new Headers({ authorization: `Bearer ${token}` })
    if (etag !== undefined) headers.set('if-match', etag)
    if (body !== undefined) headers.set('content-type', isDocument ? 'application/yaml' : 'application/json')
    const payload = isDocument ? new Uint8Array(body) : JSON.stringify(body)
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(url + path, { method, headers, body: payload ?? null, signal })
    return { what: `${method} ${path}`, response, text: await response.text() }
  }
  type Called = Awaited<ReturnType<typeof call>>

  function answerOf<T>({ what, response, text }: Called): Answer<T> {
    if (!response.ok) throw new SetupFault(`The admin API refused ${what}: ${response.status} ${text}`)
    return {
      body: text === '' ? (undefined as T) : JSON.parse(text),
      etag: response.headers.get('etag') ?? '',
    }
  }

  return {
    async get<T>(path: string) {
      const called = await call('GET', path)
      return called.response.status === 401 || called.response.status === 404
        ? undefined
        : answerOf<T>(called)
    },
    post: async <T>(path: string, body: unknown) => answerOf<T>(await call('POST', path, body)),
    put: async <T>(path: string, body: unknown, etag: string) =>
      answerOf<T>(await call('PUT', path, body, etag)),
  }
}

/** The thing of that name in a collection, made from the input when there is none; so a start that broke off can go on. */
export async function ensure<T extends Named>(
  admin: AdminClient,
  collection: string,
  input: { readonly name: string },
): Promise<T> {
  const found = await admin.get<{ items: T[] }>(`${collection}?name=${encodeURIComponent(input.name)}`)
  return found?.body.items[0] ?? (await admin.post<T>(collection, input)).body
}
