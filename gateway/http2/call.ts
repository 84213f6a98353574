import { type ClientHttp2Stream, constants, sensitiveHeaders } from 'node:http2'
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { OutgoingCall } from '../http1/write.ts'
import { breakOff, cancel } from './break-off.ts'
import { isOfConnection } from './header-names.ts'
import { isUnseen, maxHeadBytes, type Session } from './session.ts'

/**
 * One call on a connection to a target: the contract is that of undici's `dispatch`.
 *
 * An answer is whole only where the service said END_STREAM. Node ends the stream of one that was cut off as well, so it
 * is seen whether its end came while the stream was still open.
 */
export class Http2Call implements Dispatcher.DispatchController {
  readonly #session: Session
  readonly #handler: Dispatcher.DispatchHandler
  readonly #call: OutgoingCall
  readonly #onClosed: (call: Http2Call) => void
  #stream: ClientHttp2Stream | undefined
  #stopBody: ((cause: Error) => void) | undefined
  #hasHead = false
  #isWhole = false
  #isOver = false
  readonly #begunAt = performance.now()
  #movedAt = performance.now()
  aborted = false
  reason: Error | null = null
  paused = false
  rawHeaders: string[] = []
  rawTrailers: string[] = []

  /** @param onClosed called when the call has no place on the connection any more */
  constructor(
    session: Session,
    call: OutgoingCall,
    handler: Dispatcher.DispatchHandler,
    onClosed: (call: Http2Call) => void,
  ) {
    this.#session = session
    this.#call = call
    this.#handler = handler
    this.#onClosed = onClosed
  }

  send(): void {
    this.#handler.onRequestStart?.(this, undefined)
    if (this.aborted) return void this.#onClosed(this) // not a byte was written
    try {
      this.#stream = this.#open()
    } catch (error) {
      this.#onClosed(this)
      this.#fail(error as Error)
      return
    }
    const stream = this.#stream
    const push = stream.push
    stream.push = (chunk, encoding) => {
      if (chunk === null && !stream.closed) this.#isWhole = true
      return push.call(stream, chunk, encoding)
    }
    stream.on('response', (headers, flags, raw) =>
      this.#onHead(Number(headers[':status']), flags, raw as unknown as string[]),
    )
    stream.on('trailers', (_headers, _flags, raw) => {
      this.rawTrailers = raw as unknown as string[]
    })
    stream.once('error', (error) => this.#fail(error))
    stream.once('aborted', () => this.#fail())
    stream.once('close', () => {
      this.#onClosed(this)
      this.#fail()
    })
    this.#write(stream)
  }

  #open(): ClientHttp2Stream {
    const { method, path, headers, body } = this.#call
    const lines = [':method', method, ':path', path] as string[] & { [sensitiveHeaders]?: string[] }
    lines.push(':scheme', this.#session.http2.encrypted ? 'https' : 'http')
    let isSized = false
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i]!.toLowerCase()
      if (isOfConnection(name) || name === 'expect') continue
      if (name === 'content-length') {
        if (body === null || Buffer.isBuffer(body)) continue // said below
        isSized = true
      }
      if (notInName.test(name) || notInValue.test(headers[i + 1]!)) throw unwritable(name)
      lines.push(name === 'host' ? ':authority' : name, headers[i + 1]!)
    }
    const length = Buffer.isBuffer(body) ? body.length : 0
    if (!isSized && (length > 0 || (body === null && expectsBody.has(method))))
      lines.push('content-length', String(length))
    lines[sensitiveHeaders] = neverIndexed
    return this.#session.http2.request(lines, { endStream: body === null })
  }

  #write(stream: ClientHttp2Stream) {
    const { body } = this.#call
    if (body !== null && !Buffer.isBuffer(body)) {
      this.#stopBody = streamBody(stream, body, {
        onMoved: () => {
          this.#movedAt = performance.now()
        },
        onSent: () => this.#handler.onRequestSent?.(),
        onError: (error) => this.#fail(error),
      })
      return
    }
    if (body !== null) stream.end(body)
    this.#handler.onRequestSent?.()
  }

  #onHead(status: number, flags: number, raw: string[]) {
    if (this.#isOver) return
    this.#hasHead = true
    this.#movedAt = this.#session.heardAt = performance.now()
    const lines = raw[0] === ':status' ? raw.slice(2) : raw
    if (lines.reduce((sum, text) => sum + text.length, 0) > maxHeadBytes)
      return void this.#fail(invalid('a head that is too long'))
    this.rawHeaders = lines
    const stream = this.#stream!
    this.#tell(() => this.#handler.onResponseStart?.(this, status, {}, ''))
    if (this.#isOver) return
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0 && !this.paused) {
      stream.resume()
      return void this.#finish() // so that head and end go on in one piece
    }
    stream.on('data', (chunk: Buffer) => {
      this.#movedAt = this.#session.heardAt = performance.now()
      this.#tell(() => this.#handler.onResponseData?.(this, chunk))
    })
    stream.once('end', () => (this.#isWhole ? this.#finish() : this.#fail()))
    if (this.paused) stream.pause()
  }

  #finish() {
    if (this.#isOver) return
    this.#isOver = true
    this.#stopBody?.(new Error('the service answered before it had taken the body'))
    const stream = this.#stream!
    // It needs no more of the body; an END_STREAM would say that this was all of it.
    if (!stream.writableFinished) setImmediate(breakOff, stream)
    try {
      this.#handler.onResponseEnd?.(this, {})
    } catch (error) {
      this.#handler.onResponseError?.(this, error as Error)
    }
  }

  /** A handler that throws has failed the call. */
  #tell(say: () => void) {
    if (this.#isOver) return
    try {
      say()
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  /** @param cause undefined: the stream says it */
  #fail(cause?: Error) {
    if (this.#isOver) return
    if (this.#isWhole && cause === undefined && this.#hasHead) return // its end is still to be read
    this.#isOver = true
    const error = this.#explain(cause)
    this.#stopBody?.(error)
    if (this.#stream) cancel(this.#stream)
    this.#handler.onResponseError?.(this, error)
  }

  #explain(cause: Error | undefined): Error {
    const { rstCode = 0, id } = this.#stream ?? {}
    if (this.#stream && !this.#hasHead && isUnseen(this.#session, id, rstCode))
      return new Unprocessed('the service did not look at the call', { cause })
    // Ours where it cannot be understood, or of the service that says the same of the call.
    if (rstCode === constants.NGHTTP2_PROTOCOL_ERROR) return invalid('a malformed message')
    return cause ?? new Error(`the service broke off with code ${rstCode}`)
  }

  pause(): void {
    this.paused = true
    this.#stream?.pause()
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.#movedAt = performance.now()
    this.#stream?.resume()
  }

  /** Ends the call from our side; its handler hears no more of it. */
  abort(reason: Error): void {
    this.aborted = true
    this.reason = reason
    if (this.#isOver) return
    this.#isOver = true
    this.#stopBody?.(reason)
    if (this.#stream) cancel(this.#stream)
  }

  /** Whether it was given up, and on its whole connection nothing was heard since it was sent. */
  get wasInSilence(): boolean {
    return this.aborted && this.#stream !== undefined && this.#session.heardAt < this.#begunAt
  }

  /** Called from time to time: ends an answer that stopped coming. @param idleMs longest silence in its midst */
  look(now: number, idleMs: number): void {
    if (this.#hasHead && !this.paused && now - this.#movedAt >= idleMs)
      this.#fail(Object.assign(new Error('the answer stopped coming'), { code: 'ANSWER_IDLE' }))
  }
}

/** The service has surely not acted on the call. */
export class Unprocessed extends Error {}

const invalid = (what: string) => Object.assign(new Error(what), { code: 'HPE_HTTP2' })

const unwritable = (name: string) =>
  Object.assign(new Error(`the header ${JSON.stringify(name)} cannot be written`), { code: 'UNWRITABLE' })

const notInName = /[^!#$%&'*+.^_`|~0-9a-z-]|^$/
const notInValue = /[^\t\x20-\x7e\x80-\xff]/

/** RFC 9110 §8.6: with these, no body is said to be one of length 0. */
const expectsBody = new Set(['POST', 'PUT', 'PATCH'])

/** RFC 7541 §7.1.3: secrets of many partners share the table of one connection. */
const neverIndexed = ['authorization', 'cookie', 'x-api-key', 'proxy-authorization', 'dpop']

interface Progress {
  readonly onMoved: () => void
  readonly onSent: () => void
  readonly onError: (error: Error) => void
}

/** @returns stops it */
function streamBody(stream: ClientHttp2Stream, body: Readable, { onMoved, onSent, onError }: Progress) {
  const detach = () => {
    body.off('data', onData).off('end', onEnd).off('error', onFault).off('close', onClose)
    stream.off('drain', onDrain)
  }
  const onData = (chunk: Buffer) => {
    onMoved()
    if (!stream.write(chunk)) body.pause()
  }
  const onEnd = () => {
    detach()
    stream.end()
    onSent()
  }
  const onFault = (error: Error) => {
    detach()
    onError(error)
  }
  const onClose = () => onFault(body.errored ?? new Error('the body ended early'))
  const onDrain = () => {
    onMoved()
    body.resume()
  }
  stream.on('drain', onDrain)
  body.on('data', onData).on('end', onEnd).on('error', onFault).on('close', onClose)
  if (body.destroyed) process.nextTick(onClose)
  return (cause: Error) => {
    detach()
    body.destroy(cause)
  }
}
