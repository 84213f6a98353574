import type { ServerResponse } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import { Writable } from 'node:stream'
import type { HeaderList } from '../../policies/policy.ts'
import { breakOff } from './break-off.ts'
import { isOfConnection } from './header-names.ts'
import type { Http2Request } from './request.ts'
import type { StreamSocket } from './socket.ts'

/** So that a caller who takes a long piece slowly is seen to take it. */
const sliceBytes = 16_384

/**
 * An answer over HTTP/2, in the shape of one of HTTP/1.1 as far as the gateway writes it. Its head goes out with the
 * first bytes of the body, or by `flushHeaders`; what speaks of the connection in it is left out.
 */
export class Http2Response extends Writable {
  readonly socket: StreamSocket
  readonly req: Http2Request
  statusCode = 200
  headersSent = false
  readonly #stream: ServerHttp2Stream
  readonly #endSession: () => void
  readonly #idleMs: number
  #head: HeaderList | undefined
  #trailers: Record<string, string | string[]> = {}
  #mayTrail = false

  /**
   * @param endSession tells the caller to make its further calls on another connection
   * @param idleMs longest time in which the caller takes nothing of the answer
   */
  constructor(stream: ServerHttp2Stream, req: Http2Request, endSession: () => void, idleMs: number) {
    super({ highWaterMark: 65_536 })
    this.#stream = stream
    this.#endSession = endSession
    this.#idleMs = idleMs
    this.req = req
    this.socket = req.socket
    const broken = () => {
      if (!this.writableFinished) this.destroy()
    }
    stream.once('aborted', broken).once('close', broken)
    stream.on('error', broken)
    stream.once('wantTrailers', () => stream.sendTrailers(this.#trailers))
    this.on('error', () => {}) // 'close' follows, and says the same
  }

  /** Only ever set to false: the connection is to end. */
  set shouldKeepAlive(_isKept: boolean) {
    this.#endSession()
  }

  get shouldKeepAlive(): boolean {
    return true
  }

  writeHead(status: number, headers: HeaderList): void {
    this.statusCode = status
    this.headersSent = true
    this.#head = headers
  }

  flushHeaders(): void {
    if (this.#head && !this.destroyed) this.#sendHead(false)
  }

  writeContinue(): void {
    if (!this.#stream.closed) this.#stream.additionalHeaders({ ':status': 100 })
  }

  /** Before `end`, and only behind an answer whose length was not stated. */
  addTrailers(pairs: readonly (readonly [string, string])[]): void {
    for (const [name, value] of pairs) {
      const lower = name.toLowerCase()
      const before = this.#trailers[lower]
      this.#trailers[lower] = before === undefined ? value : [before, value].flat()
    }
  }

  #sendHead(isAll: boolean) {
    if (this.#stream.closed || this.#stream.headersSent) return
    const lines: (string | number)[] = [':status', this.statusCode]
    const head = this.#head!
    this.#mayTrail = !isAll
    for (let i = 0; i < head.length; i += 2) {
      const name = head[i]!.toLowerCase()
      if (isOfConnection(name)) continue
      if (name === 'content-length') this.#mayTrail = false
      lines.push(name, head[i + 1]!)
    }
    this.#head = undefined
    this.#stream.respond(lines as unknown as string[], { endStream: isAll, waitForTrailers: this.#mayTrail })
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#head) this.#sendHead(false)
    let at = 0
    const writeOn = (error?: Error | null) => {
      if (at > 0 && !error) this.socket.moved()
      if (error || at >= chunk.length) {
        this.socket.setTimeout(0)
        return done(error)
      }
      const slice = chunk.length <= sliceBytes ? chunk : chunk.subarray(at, at + sliceBytes)
      at += slice.length
      this.#stream.write(slice, writeOn)
    }
    this.socket.setTimeout(this.#idleMs)
    writeOn()
  }

  override _final(done: (error?: Error | null) => void): void {
    const hasTrailers = Object.keys(this.#trailers).length > 0
    if (this.#head) this.#sendHead(!hasTrailers)
    if (this.#stream.writableFinished) this.#finish(done)
    else this.#stream.once('finish', () => this.#finish(done)).end()
  }

  /** RFC 9113 §8.1: a caller whose call is answered need not send the rest of its body. */
  #finish(done: () => void) {
    this.socket.setTimeout(0)
    done()
    if (this.req.complete) return
    setImmediate(() => {
      if (!this.req.complete) this.#stream.close(constants.NGHTTP2_NO_ERROR)
    })
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.socket.setTimeout(0)
    if (!this.writableFinished) breakOff(this.#stream)
    done(error)
  }
}

/** As node hands it over, for what takes both. */
export const asResponse = (res: Http2Response) => res as unknown as ServerResponse
