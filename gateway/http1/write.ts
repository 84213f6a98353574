import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { headerName } from '../header-names.ts'

/** A call as it goes out. Names and values of headers in turn; how the body is framed is decided here. */
export interface OutgoingCall {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: readonly string[]
  readonly body: Buffer | Readable | null
}

export interface Progress {
  readonly onMoved: () => void
  readonly onSent: () => void
  readonly onError: (error: Error) => void
}

/** A body up to this length goes out in one write with the head. */
const oneWriteBytes = 16_384

/**
 * Writes the call, head and body.
 *
 * @returns stops a body that streams; undefined where all is written
 * @throws Error before a byte was written, where the call has what HTTP cannot carry
 */
export function writeCall(
  socket: Socket,
  call: OutgoingCall,
  progress: Progress,
): ((cause: Error) => void) | undefined {
  const { body } = call
  if (body !== null && !Buffer.isBuffer(body)) return streamCall(socket, call, body, progress)
  const length = body?.length ?? 0
  const framing = length > 0 || expectsBody.has(call.method) ? `content-length: ${length}\r\n` : ''
  const head = headOf(call, framing)
  if (length === 0) socket.write(head, 'latin1')
  else if (length <= oneWriteBytes) socket.write(head + body!.toString('latin1'), 'latin1')
  else {
    socket.cork()
    socket.write(head, 'latin1')
    socket.write(body!)
    socket.uncork()
  }
  progress.onSent()
  return undefined
}

/** RFC 9110 §8.6: with these, no body is said to be one of length 0. */
const expectsBody = new Set(['POST', 'PUT', 'PATCH'])

/** The head goes out with the first bytes of the body. */
function streamCall(socket: Socket, call: OutgoingCall, body: Readable, progress: Progress) {
  const length = lengthIn(call.headers)
  const isChunked = length === undefined
  let head = headOf(call, isChunked ? 'transfer-encoding: chunked\r\n' : `content-length: ${length}\r\n`)
  let size = 0
  const detach = () => {
    body.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose)
    socket.off('drain', onDrain)
  }
  const onData = (chunk: Buffer) => {
    if (chunk.length === 0) return // in chunks it would say that the body ends here
    size += chunk.length
    if (size > (length ?? Number.POSITIVE_INFINITY)) return onError(wrongLength())
    progress.onMoved()
    socket.cork()
    socket.write(isChunked ? `${head}${chunk.length.toString(16)}\r\n` : head, 'latin1')
    let hasRoom = socket.write(chunk)
    if (isChunked) hasRoom = socket.write('\r\n', 'latin1')
    socket.uncork()
    head = ''
    if (!hasRoom) body.pause()
  }
  const onEnd = () => {
    if (size !== (length ?? size)) return onError(wrongLength())
    detach()
    socket.write(isChunked ? `${head}0\r\n\r\n` : head, 'latin1')
    progress.onSent()
  }
  const onError = (error: Error) => {
    detach()
    progress.onError(error)
  }
  const onClose = () => onError(body.errored ?? new Error('the body ended early'))
  const onDrain = () => {
    progress.onMoved()
    body.resume()
  }
  socket.on('drain', onDrain)
  body.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose)
  if (body.destroyed) process.nextTick(onClose)
  return (cause: Error) => {
    detach()
    body.destroy(cause)
  }
}

const wrongLength = () => new Error('the body has not the length that was said')

/** @throws Error where a part of it has a character that would end it early */
function headOf({ method, path, headers }: OutgoingCall, framing: string): string {
  if (!headerName(method).isToken) throw unwritable('method', method)
  if (notInPath.test(path)) throw unwritable('path', path)
  let head = `${method} ${path} HTTP/1.1\r\n`
  for (let i = 0; i < headers.length; i += 2) {
    const name = headerName(headers[i]!)
    const value = headers[i + 1]!
    if (name.isFraming) continue
    if (!name.isToken || notInValue.test(value)) throw unwritable('header', headers[i]!)
    head += `${headers[i]}: ${value}\r\n`
  }
  return `${head}${framing}connection: keep-alive\r\n\r\n`
}

const notInValue = /[^\t\x20-\x7e\x80-\xff]/
const notInPath = /[^\x21-\x7e\x80-\xff]|^$/

const unwritable = (part: string, text: string) =>
  Object.assign(new Error(`the ${part} ${JSON.stringify(text.slice(0, 64))} cannot be written`), {
    code: 'UNWRITABLE',
  })

function lengthIn(headers: readonly string[]): number | undefined {
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i]!.length === 14 && headers[i]!.toLowerCase() === 'content-length') {
      if (!/^\d{1,15}$/.test(headers[i + 1]!)) throw unwritable('header', 'content-length')
      return Number(headers[i + 1])
    }
  return undefined
}
