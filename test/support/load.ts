import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Call {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
  readonly agent?: Agent
}

/** One call, with its path sent as it is: `fetch` would repair it first. @throws Error when the connection breaks */
export function callOnce(url: string, { method = 'GET', headers, body, agent }: Call = {}): Promise<Answer> {
  const { hostname, port } = new URL(url)
  const path = url.slice(new URL(url).origin.length)
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const req = request(
      { hostname, port, path, method, headers: { ...length, ...headers }, agent },
      (res) => {
        const chunks: Buffer[] = []
        res.on('data', (chunk: Buffer) => chunks.push(chunk))
        res.on('error', reject)
        res.on('end', () =>
          resolve({ status: res.statusCode!, headers: res.headers, body: Buffer.concat(chunks) }),
        )
      },
    )
    req.on('error', reject)
    req.end(body)
  })
}

export interface Load {
  /** Calls by status; `error` stands for connections that broke. */
  readonly counts: ReadonlyMap<number | 'error', number>
  /** Of answers and broken connections that were not expected: the first few, in words. */
  readonly faults: readonly string[]
  /** Calls answered so far. */
  total(): number
  /** Longest time of a call since this was last asked, ms. */
  worstMs(): number
  /** Lets the calls in flight finish. */
  stop(): Promise<void>
}

export interface LoadOptions {
  /** Makes one call. */
  readonly call: (n: number) => Promise<{ readonly status: number }>
  readonly workers: number
  /** Statuses that are no fault. */
  readonly expects?: readonly number[]
}

/** Calls without pause, so many at a time, until it is stopped. */
export function startLoad({ call, workers, expects = [200] }: LoadOptions): Load {
  const counts = new Map<number | 'error', number>()
  const faults: string[] = []
  let isRunning = true
  let sent = 0
  let done = 0
  let worst = 0
  const count = (what: number | 'error', fault?: string) => {
    done++
    counts.set(what, (counts.get(what) ?? 0) + 1)
    if (fault && faults.length < 20) faults.push(fault)
  }
  const work = async () => {
    while (isRunning) {
      const startedAt = performance.now()
      await call(sent++).then(
        ({ status }) => count(status, expects.includes(status) ? undefined : `status ${status}`),
        async (error: Error) => {
          count('error', `${error.message} ${(error as { code?: string }).code ?? ''}`)
          await wait(10) // as a client does; and what is gone is not asked so often that nothing else gets a turn
        },
      )
      worst = Math.max(worst, performance.now() - startedAt)
    }
  }
  const running = Promise.all(Array.from({ length: workers }, work))
  return {
    counts,
    faults,
    total: () => done,
    worstMs() {
      const found = worst
      worst = 0
      return found
    },
    async stop() {
      isRunning = false
      await running
    },
  }
}

/** Calls without pause while something else is done, and stops, also when that fails. @returns the load, at its end */
export async function underLoad(options: LoadOptions, during: (load: Load) => Promise<void>): Promise<Load> {
  const load = startLoad(options)
  try {
    await during(load)
  } finally {
    await load.stop()
  }
  return load
}

/** A client with so many connections that stay open. */
export const connections = (count: number) =>
  new Agent({ keepAlive: true, maxSockets: count, scheduling: 'fifo' })
