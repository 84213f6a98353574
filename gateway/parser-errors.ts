import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Problem, type ProblemCode, problem, problemBody } from '../registry/base/problem.ts'
import { failBody } from './body.ts'
import { closeAfterAnswer, endLingering, isClosing } from './linger.ts'

/** The answer that is under way on the connection, as node keeps it. */
type Busy = { _httpMessage?: ServerResponse | null }

/**
 * Answers what Node's parser could not read, and ends the connection: what follows cannot be told apart.
 *
 * The answer tells the truth about the call it stands behind. One that was read whole gets its own answer, be there
 * junk behind it or a second head that does not end: it may be a payment that was made. One whose own body broke gets
 * its refusal where its body is read, and the service never the end of it.
 *
 * @param onRefused called for what is refused here and seen nowhere else
 */
export function refuseUnparsable(onRefused: (code: ProblemCode) => void) {
  return function refuse(error: Error & { code?: string }, socket: Socket & Busy): void {
    if (isClosing(socket)) return // it reads on until it ends
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const code = unreadableCode(error.code)
    const answer = socket._httpMessage
    if (answer && !answer.req.complete) {
      const detail =
        'The body cannot be read on. Some of it may have reached the service, never the whole of it.'
      failBody(answer.req, problem(code, { detail, cause: error }))
      return
    }
    onRefused(code)
    if (answer) endBehind(answer, socket)
    else answerBare(socket, problem(code))
  }
}

/** CONNECT asks for a tunnel to anywhere. */
export function refuseTunnel(_req: unknown, socket: Socket & Busy) {
  if (endBehindCall(socket)) return
  answerBare(socket, problem('method-not-allowed'))
}

/**
 * What asks for a tunnel or an upgrade behind a call whose answer is under way is not served: bytes of ours would be
 * taken for a part of that answer, which may be that of a payment. It comes to its end, and then the connection does.
 * @returns whether it was so
 */
export function endBehindCall(socket: Socket & Busy): boolean {
  const answer = socket._httpMessage
  if (!answer) return false
  // Node has let go of the socket, and with it of these.
  socket.on('error', () => socket.destroy()).on('drain', () => answer.emit('drain'))
  endBehind(answer, socket)
  return true
}

/** The answer under way is the last of its connection. Calls that wait behind it are not served. */
function endBehind(answer: ServerResponse, socket: Socket) {
  closeAfterAnswer(answer.req)
  if (answer.headersSent) answer.once('finish', () => socket.destroySoon())
  else answer.shouldKeepAlive = false
}

function answerBare(socket: Socket, refusal: Problem) {
  const body = JSON.stringify(problemBody(refusal, randomUUID()))
  const { status, title } = refusal.row
  socket.on('error', () => socket.destroy())
  socket.write(
    `HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
  endLingering(socket)
}

/** What is wrong, by the code of node's error. */
export function unreadableCode(code: string | undefined): ProblemCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers-too-large'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request-timeout'
  return 'request-malformed'
}
