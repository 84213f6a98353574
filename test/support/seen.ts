import { once } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as an upstream of a test saw it. */
export interface Seen {
  readonly method: string
  /** Request target as received. */
  readonly url: string
  /** Names and values in turn, as received. */
  readonly headers: readonly string[]
  /** What came of the body; the part before a break when the caller broke off. */
  readonly body: Buffer
}

/** Reads a request to its end, or to where the caller broke off. */
export function readRequest(req: IncomingMessage): Promise<Seen> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    const finish = () =>
      resolve({ method: req.method!, url: req.url!, headers: req.rawHeaders, body: Buffer.concat(chunks) })
    req.once('end', finish)
    req.once('error', finish)
    req.once('close', finish)
  })
}

/** Listens on a free port of the loopback. @returns the origin */
export async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export async function shut(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
