import type { IncomingMessage } from 'node:http'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { type Problem, problem } from '../../registry/base/problem.ts'

/** A call as it goes to the gateway. The path is complete and encoded; nothing of it is changed on the way. */
export interface Outgoing {
  readonly method: string
  readonly path: string
  /** Of the version, where it differs from that of the base. */
  readonly host: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
}

export interface Received {
  readonly status: number
  readonly headers: readonly { readonly name: string; readonly value: string }[]
  readonly body: Buffer
  /** Whether the body was longer than what is kept of it. */
  readonly isCut: boolean
  readonly totalMs: number
}

const timeoutMs = 30_000
const maxAnswerBytes = 1_048_576

/**
 * Sends one call to the gateway and reads the answer as far as there is room. Follows no redirection, keeps no
 * connection, and takes only where to go from `base`, which is a setting: a caller chooses path, headers and body.
 *
 * @throws Problem `gateway-unreachable`, also when the answer is not complete in 30 s
 */
export function sendToGateway(base: URL, call: Outgoing): Promise<Received> {
  const startedAt = performance.now()
  const send = base.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const outgoing = send({
      protocol: base.protocol,
      hostname: base.hostname.replace(/^\[|\]$/g, ''),
      port: base.port,
      method: call.method,
      path: call.path,
      agent: false,
      setHost: false,
      headers: { ...call.headers, host: call.host, connection: 'close' },
      signal: AbortSignal.timeout(timeoutMs),
    })
    outgoing.once('error', (error) => reject(unreachable(error)))
    outgoing.once('response', (answer) =>
      read(answer).then(
        (body) => resolve({ ...headOf(answer), ...body, totalMs: performance.now() - startedAt }),
        (error) => reject(unreachable(error)),
      ),
    )
    outgoing.end(call.body)
  })
}

function headOf({ statusCode = 0, rawHeaders }: IncomingMessage) {
  const headers: { name: string; value: string }[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    headers.push({ name: rawHeaders[i]!.toLowerCase(), value: rawHeaders[i + 1]! })
  return { status: statusCode, headers }
}

async function read(answer: IncomingMessage): Promise<{ body: Buffer; isCut: boolean }> {
  const chunks: Buffer[] = []
  let room = maxAnswerBytes
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk.subarray(0, room))
    if (chunk.length > room) {
      answer.destroy()
      return { body: Buffer.concat(chunks), isCut: true }
    }
    room -= chunk.length
  }
  return { body: Buffer.concat(chunks), isCut: false }
}

function unreachable(cause: Error): Problem {
  const isLate = cause.name === 'AbortError' || cause.name === 'TimeoutError'
  const detail = isLate
    ? `The gateway did not answer in ${timeoutMs / 1000} s.`
    : 'The gateway cannot be reached from here, or broke off its answer.'
  return problem('gateway-unreachable', { detail, cause })
}
