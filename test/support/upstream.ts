import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { listen, readRequest, type Seen, shut } from './seen.ts'

export interface Upstream {
  /** Origin, e.g. `http://127.0.0.1:40001`. */
  readonly url: string
  /** Requests, in the order in which they were read. */
  readonly seen: Seen[]
  /** Connections accepted so far. */
  connections(): number
  close(): Promise<void>
}

type Lines = (req: IncomingMessage, res: ServerResponse, read: () => Promise<Seen>) => Promise<void>

/**
 * An upstream that says its lines, once for each request:
 *
 *     const bank = await upstream().reads().thenHangsUp()
 *     const spare = await upstream().answers(200)
 */
export function upstream() {
  return {
    /** Reads the request, then answers. A body that is not a text is sent as JSON. */
    answers: (status: number, body?: unknown, headers?: Record<string, string>) =>
      start(async (_, res, read) => {
        await read()
        res.writeHead(status, { ...contentType(body), ...headers }).end(asText(body))
      }),

    /** Reads the request; what then? */
    reads: () => ({
      thenHangsUp: () =>
        start(async (req, _, read) => {
          await read()
          req.socket.destroy()
        }),
      /** Sends bytes of the test's own making, then closes. */
      thenSays: (bytes: string) =>
        start(async (req, _, read) => {
          await read()
          req.socket.end(bytes, 'latin1')
        }),
      /** Begins an answer of 1000 bytes, sends some of it and breaks off. */
      thenBreaksOff: (some = 'half of it') =>
        start(async (req, res, read) => {
          await read()
          res.writeHead(200, { 'content-length': '1000' })
          res.write(some, () => req.socket.destroy())
        }),
    }),

    /** Accepts the connection and closes it when the first bytes come, without reading the body. */
    hangsUp: () =>
      start(async (req) => {
        req.socket.destroy()
      }),

    /** Reads the request and stays silent. */
    neverAnswers: () =>
      start(async (_, __, read) => {
        await read()
      }),

    /** Sends its head at once, then ten chunks of ten bytes with a pause before each. */
    answersSlowly: (msPerChunk: number, chunks = 10) =>
      start(async (_, res, read) => {
        await read()
        res.writeHead(200, { 'content-type': 'text/plain' }).flushHeaders()
        for (let i = 0; i < chunks && !res.destroyed; i++) {
          await wait(msPerChunk)
          res.write(`chunk ${String(i).padStart(3)}\n`)
        }
        res.end()
      }),

    /** Nobody listens at its port. */
    refuses: async (): Promise<Upstream> => {
      const gone = await start(async () => {})
      await gone.close()
      return gone
    },
  }
}

async function start(lines: Lines): Promise<Upstream> {
  const seen: Seen[] = []
  let connections = 0
  const server = createServer((req, res) => {
    const read = async () => {
      const request = await readRequest(req)
      seen.push(request)
      return request
    }
    lines(req, res, read).catch(() => req.socket.destroy())
  })
  server.keepAliveTimeout = 60_000
  server.on('connection', () => connections++)
  const url = await listen(server)
  return { url, seen, connections: () => connections, close: () => shut(server) }
}

function asText(body: unknown): string | undefined {
  return body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
}

function contentType(body: unknown): Record<string, string> {
  if (body === undefined) return {}
  return { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json' }
}
