import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import { Readable } from 'node:stream'
import type { StreamSocket } from './socket.ts'

/**
 * A request of HTTP/2, in the shape of one of HTTP/1.1 as far as the gateway reads it.
 *
 * Its body has an end only where the caller said so (END_STREAM): node ends the stream of one that was cut off as well,
 * and in its compatibility API such a request counts as complete. Here it is closed without an end, as in HTTP/1.1.
 */
export class Http2Request extends Readable {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: string[]
  readonly httpVersion = '2.0'
  readonly socket: StreamSocket
  /** Of its head, as RFC 9113 §6.5.2 counts them. Node keeps to no limit of its own below 64 KiB. */
  readonly headBytes: number
  /** Whether a body may follow; its length need not be stated. */
  readonly hasBody: boolean
  /** Whether all of it arrived. */
  complete: boolean
  readonly #stream: ServerHttp2Stream

  constructor(
    stream: ServerHttp2Stream,
    headers: Record<string, unknown>,
    raw: readonly string[],
    socket: StreamSocket,
  ) {
    super({ highWaterMark: 65_536 })
    this.#stream = stream
    this.socket = socket
    this.method = (headers[':method'] as string | undefined) ?? ''
    this.url = (headers[':path'] as string | undefined) ?? ''
    this.rawHeaders = linesOf(raw)
    this.headBytes = raw.reduce((sum, text) => sum + text.length + 16, 0)
    this.headers = fieldsOf(headers, this.rawHeaders)
    this.hasBody = !stream.endAfterHeaders
    this.complete = !this.hasBody
    if (this.complete) {
      this.push(null)
      return
    }
    stream.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) stream.pause()
    })
    stream.pause() // until somebody reads
    stream.once('end', () => {
      if (stream.closed) return void this.destroy()
      this.complete = true
      this.push(null)
    })
    // What is cut off while nobody reads it comes to no end of its own.
    stream.once('aborted', () => void this.destroy())
    stream.once('close', () => {
      if (!this.complete) this.destroy()
    })
  }

  override _read(): void {
    this.#stream.resume()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stream.resume() // what still comes is for nobody; it must not hold the window
    done(error)
  }
}

/** Not by the version that it states: in HTTP/1.1 a caller may write there what it likes. */
export const isHttp2 = (req: object): req is Http2Request => req instanceof Http2Request

/** As node hands it over, for what takes both. */
export const asIncoming = (req: Http2Request) => req as unknown as IncomingMessage

/**
 * Names and values in turn, with `:authority` as `host` (RFC 9113 §8.3.1) and cookies in one line again (§8.2.3). A Host
 * that differs from `:authority` stays beside it, and is refused as a second one.
 */
function linesOf(raw: readonly string[]): string[] {
  const lines: string[] = []
  let authority: string | undefined
  let cookieAt = 0
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!
    const value = raw[i + 1]!
    if (name.startsWith(':')) {
      if (name === ':authority') {
        authority = value
        lines.push('host', value)
      }
    } else if (name === 'host' && authority?.toLowerCase() === value.toLowerCase()) continue
    else if (name === 'cookie' && cookieAt > 0) lines[cookieAt] += `; ${value}`
    else {
      lines.push(name, value)
      if (name === 'cookie') cookieAt = lines.length - 1
    }
  }
  return lines
}

/** By name, as node joined them; those with a colon are not headers. */
function fieldsOf(headers: Record<string, unknown>, lines: readonly string[]): IncomingHttpHeaders {
  const fields: Record<string, unknown> = { ...headers }
  for (const name in fields) if (name.startsWith(':')) delete fields[name]
  const at = lines.indexOf('host')
  if (at >= 0) fields.host = lines[at + 1]
  return fields as IncomingHttpHeaders
}
