import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Problem, type ProblemCode, problem, problemBody } from '../registry/base/problem.ts'

/** The answer that is under way on the connection, as node keeps it. */
type Busy = { _httpMessage?: ServerResponse | null }

/**
 * Answers what Node's parser could not read as a request. The connection ends: what follows cannot be told apart.
 * While an answer to an earlier request of the same connection is under way nothing is said, as it would be taken for
 * a part of it.
 */
export function refuseUnparsable(error: Error & { code?: string }, socket: Duplex & Busy) {
  const answer = socket._httpMessage
  const isOwnBody = answer && !answer.headersSent && !answer.req.complete
  if (error.code === 'ECONNRESET' || !socket.writable || (answer && !isOwnBody)) return void socket.destroy()
  answerBare(socket, problem(codeOf(error.code)))
}

/** CONNECT asks for a tunnel to anywhere. */
export function refuseTunnel(_req: IncomingMessage, socket: Duplex & Busy) {
  if (socket._httpMessage) return void socket.destroy()
  answerBare(socket, problem('method-not-allowed'))
}

function answerBare(socket: Duplex, refusal: Problem) {
  const body = JSON.stringify(problemBody(refusal, randomUUID()))
  const { status, title } = refusal.row
  socket.on('error', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}

function codeOf(code: string | undefined): ProblemCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers-too-large'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request-timeout'
  return 'request-malformed'
}
