import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { type ProblemCode, problem, problemBody } from '../registry/base/problem.ts'

/**
 * Answers what Node's parser could not read as a request. The connection ends: what follows cannot be told apart.
 * While an answer to an earlier request of the same connection is under way nothing is said, as it would be taken for
 * a part of it.
 */
export function refuseUnparsable(
  error: Error & { code?: string; bytesParsed?: number },
  socket: Duplex & { _httpMessage?: unknown },
) {
  if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage) return void socket.destroy()
  const code = codeOf(error.code)
  const refusal = problem(code)
  const body = JSON.stringify(problemBody(refusal, randomUUID()))
  const { status, title } = refusal.row
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

function codeOf(code: string | undefined): ProblemCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers-too-large'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request-timeout'
  return 'request-malformed'
}
