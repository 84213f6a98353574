import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { listen, readRequest, type Seen, shut } from './seen.ts'

export interface EchoOptions {
  /** Between the end of the request and the answer. */
  readonly delayMs?: number
  readonly status?: number
  /** Whether requests are kept in `seen`; without, long runs stay small. */
  readonly keeps?: boolean
}

export interface Echo {
  /** Origin, e.g. `http://127.0.0.1:40001`. */
  readonly url: string
  readonly seen: Seen[]
  /** Requests begun and not yet answered or broken off. */
  inFlight(): number
  maxInFlight(): number
  /** Requests answered. */
  answered(): number
  close(): Promise<void>
}

/** An upstream that answers with what it received: `{method, url, headers, body}`, headers as pairs, body in base64. */
export async function startEcho({
  delayMs = 0,
  status = 200,
  keeps = true,
}: EchoOptions = {}): Promise<Echo> {
  const seen: Seen[] = []
  let inFlight = 0
  let most = 0
  let answered = 0
  const server = createServer(async (req, res) => {
    inFlight++
    most = Math.max(most, inFlight)
    res.once('close', () => inFlight--)
    const request = await readRequest(req)
    if (keeps) seen.push(request)
    if (delayMs > 0) await wait(delayMs)
    if (res.destroyed) return
    answered++
    res.writeHead(status, { 'content-type': 'application/json' })
    res.end(JSON.stringify({ ...request, body: request.body.toString('base64') }))
  })
  // A node:http server closes idle connections after 5 s; a call may then meet a connection that is just closing.
  server.keepAliveTimeout = 60_000
  const url = await listen(server)
  return {
    url,
    seen,
    inFlight: () => inFlight,
    maxInFlight: () => most,
    answered: () => answered,
    close: () => shut(server),
  }
}
