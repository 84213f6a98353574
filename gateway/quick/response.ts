import { EventEmitter } from 'node:events'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { headerName } from '../header-names.ts'

export interface QuickResponseParts {
  readonly socket: Socket
  readonly isHead: boolean
  readonly isKeptAlive: boolean
  /** What tells the partner how long the connection is kept, e.g. `Keep-Alive: timeout=60\r\n`. */
  readonly keepAliveLines: string
  /** The answer was written whole, down to the system. */
  readonly onFinished: () => void
}

/** The answer to a call, with those parts of node's response that the handler uses. Emits 'close' once, and 'drain'. */
export class QuickResponse extends EventEmitter {
  readonly socket: Socket
  readonly #parts: QuickResponseParts
  shouldKeepAlive: boolean
  statusCode = 0
  /** Whether the head was settled; it may wait to be written with the first bytes of the body. */
  headersSent = false
  writableEnded = false
  writableFinished = false
  destroyed = false
  #head = ''
  #isChunked = false
  #hasBody = true
  #trailers = ''
  #isClosed = false

  constructor(parts: QuickResponseParts) {
    super()
    this.#parts = parts
    this.socket = parts.socket
    this.shouldKeepAlive = parts.isKeptAlive
  }

  get writableLength(): number {
    return this.socket.writableLength
  }

  /** @throws Error ERR_INVALID_CHAR where a header cannot be written */
  writeHead(status: number, headers: readonly string[]): void {
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`
    let hasDate = false
    let hasLength = false
    let saysClose = false
    for (let i = 0; i < headers.length; i += 2) {
      const text = headers[i]!
      const value = headers[i + 1]!
      const name = headerName(text)
      if (!name.isToken || notInValue.test(value)) throw invalid(text)
      if (name.isFraming) {
        if (name.lower === 'content-length') hasLength = true
        else if (name.lower === 'connection' && value === 'close') saysClose = true
      } else if (name.lower === 'date') hasDate = true
      head += `${text}: ${value}\r\n`
    }
    if (!hasDate) head += dateLine()
    this.#hasBody = !this.#parts.isHead && status !== 204 && status !== 304
    this.#isChunked = this.#hasBody && !hasLength
    if (this.#isChunked) head += 'Transfer-Encoding: chunked\r\n'
    if (saysClose) this.shouldKeepAlive = false
    else head += this.shouldKeepAlive ? this.#parts.keepAliveLines : 'Connection: close\r\n'
    this.#head = head
    this.statusCode = status
    this.headersSent = true
  }

  /** Sends the head, where it still waits. */
  flushHeaders(): void {
    if (this.#head !== '') this.#send('', '')
  }

  /** @returns whether there is room for more; otherwise there is once 'drain' comes */
  write(chunk: Buffer): boolean {
    if (!this.#hasBody || chunk.length === 0) return true
    const { socket } = this
    socket.cork()
    this.#send(this.#isChunked ? `${chunk.length.toString(16)}\r\n` : '', '')
    let hasRoom = socket.write(chunk)
    if (this.#isChunked) hasRoom = socket.write('\r\n', 'latin1')
    socket.uncork()
    return hasRoom
  }

  /** @param body as characters of one byte each, to go out in one piece with the head; or as bytes, where it is long */
  end(body: Buffer | string = '', _encoding?: 'latin1'): void {
    if (this.writableEnded) return
    this.writableEnded = true
    if (typeof body === 'string') {
      const isLast = this.#isChunked
      const size = isLast && body !== '' ? `${body.length.toString(16)}\r\n` : ''
      const end = isLast ? `${body === '' ? '' : '\r\n'}0\r\n${this.#trailers}\r\n` : ''
      this.#send(size + (this.#hasBody ? body : ''), end)
    } else {
      this.write(body)
      this.#send('', this.#isChunked ? `0\r\n${this.#trailers}\r\n` : '')
    }
    if (this.socket.writableLength === 0) this.#finish()
    else this.socket.write('', () => this.#finish())
  }

  #send(text: string, more: string) {
    const all = this.#head === '' ? text + more : `${this.#head}\r\n${text}${more}`
    this.#head = ''
    if (all !== '') this.socket.write(all, 'latin1')
  }

  /** Only in an answer in chunks. */
  addTrailers(trailers: readonly (readonly [string, string])[]): void {
    for (const [name, value] of trailers) {
      if (!headerName(name).isToken || notInValue.test(value)) throw invalid(name)
      this.#trailers += `${name}: ${value}\r\n`
    }
  }

  /** Cuts the answer off, with its connection. */
  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.socket.destroy()
  }

  #finish() {
    if (this.#isClosed || this.socket.destroyed) return
    this.writableFinished = true
    this.close()
    this.#parts.onFinished()
  }

  /** The call has ended, one way or the other. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.destroyed = true
    this.emit('close')
  }
}

const notInValue = /[^\t\x20-\x7e\x80-\xff]/

/** As node's response says it. */
const invalid = (name: string) =>
  Object.assign(new Error(`the header ${JSON.stringify(name.slice(0, 64))} cannot be written`), {
    code: 'ERR_INVALID_CHAR',
  })

let second = -1
let line = ''

/** RFC 9110 §6.6.1; made once a second. */
function dateLine(): string {
  const now = Math.floor(Date.now() / 1_000)
  if (now !== second) {
    second = now
    line = `Date: ${new Date(now * 1_000).toUTCString()}\r\n`
  }
  return line
}
