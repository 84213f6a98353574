import type { IncomingMessage, ServerResponse } from 'node:http'
import { until } from './until.ts'
import { startService } from './wire.ts'

export interface HeldCall {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  answer(status?: number): void
}

/** A service that answers when the test says so. Bodies are read and thrown away. */
export async function startHeldService() {
  const calls: HeldCall[] = []
  let inFlight = 0
  let most = 0
  const service = await startService((req, res) => {
    most = Math.max(most, ++inFlight)
    res.once('close', () => inFlight--)
    req.resume()
    calls.push({ req, res, answer: (status = 200) => void res.writeHead(status).end('{}') })
  })
  let taken = 0
  return {
    ...service,
    /** Calls that came so far. */
    count: () => calls.length,
    maxInFlight: () => most,
    /** The next call in the order in which they came. */
    next: () => until(() => calls.length > taken && calls[taken++]!),
  }
}
