import type { Socket } from 'node:net'
import { headersByName } from '../http1/headers-by-name.ts'
import { createRequestParser, type MessageParser, type RequestHead } from '../http1/parser.ts'
import { readPlainRequest } from '../http1/plain-request.ts'
import { readIntoPlace } from '../http1/read-place.ts'
import { closeAfterAnswer } from '../linger.ts'
import { type QuickHead, QuickRequest } from './request.ts'
import { QuickResponse } from './response.ts'

/** Whose connection it is. */
export interface QuickOwner {
  readonly maxHeadBytes: number
  /** Longest time that a connection may wait for its next call; Infinity: as long as it likes. */
  readonly keepAliveMs: number
  /** The same for its first one, and for a head that has begun. */
  readonly headMs: number
  readonly keepAliveLines: string
  readonly serve: (req: QuickRequest, res: QuickResponse) => void
  /** Whether calls of this address are for node's own server. */
  readonly isForNode: (url: string) => boolean
  /** The connection goes on at node's server, from these bytes on. */
  readonly handOver: (socket: Socket, bytes: Buffer | undefined) => void
  /** Not a byte came in time; nobody listens to the connection any more. */
  readonly onSilent: (socket: Socket) => void
  /** What came behind a call that is being served is no HTTP, or does not come to its end. */
  readonly onUnreadable: (error: UnreadableError) => void
  readonly ended: (connection: QuickConnection) => void
}

export type UnreadableError = Error & { readonly code?: string }

/** Longest body that is gathered; longer ones stream. */
const mostBodyBytes = 16_384

/** Of what comes while a call is being served. */
const mostAheadBytes = 65_536

/**
 * A connection of a partner, for the calls that make up nearly all traffic: one at a time, each come whole, with nothing
 * about it that could be read in two ways. Such a call is served at half the cost. Those in which nothing is unusual are
 * read at once (http1/plain-request.ts), the others by node's parser, which is made once it is needed. With the first
 * byte of anything else the connection goes over to node's own server, which gets every byte of what was not served yet:
 * so there is one place where bodies stream, calls queue up and bad requests are refused.
 */
export class QuickConnection {
  readonly #socket: Socket
  readonly #owner: QuickOwner
  readonly #endReading: () => void
  #parser: MessageParser | undefined
  /** Of the call that is being served. */
  #req: QuickRequest | undefined
  #res: QuickResponse | undefined
  /** What came of a call that is not whole yet, or behind one that is being served. */
  #bytes: Buffer | undefined
  /** Of the call that comes. */
  #head: RequestHead | undefined
  #headers: Readonly<Record<string, string>> | undefined
  #body: Buffer | undefined
  #isWhole = false
  /** Whether there is something about it that is not for here. */
  #isOdd = false
  /** Since when it waits for what comes next, by the monotonic clock. */
  #since = performance.now()
  #hasServed = false
  /** Whether the last answer is being given: what still comes is no call. */
  #isOver = false

  constructor(socket: Socket, owner: QuickOwner) {
    this.#socket = socket
    this.#owner = owner
    socket.on('data', this.#onData).on('end', this.#onEnd)
    socket.on('error', this.#onError).on('close', this.#onClose).on('drain', this.#onDrain)
    this.#endReading = readIntoPlace(socket, this.#onData)
  }

  readonly #onData = (chunk: Buffer) => {
    if (this.#isOver) return
    if (this.#res === undefined && this.#bytes === undefined && this.#servePlain(chunk)) return
    this.#gather(Buffer.from(chunk)) // its place is that of the next read
  }

  #servePlain(chunk: Buffer): boolean {
    const call = readPlainRequest(chunk, this.#owner.maxHeadBytes)
    if (call === undefined || this.#owner.isForNode(call.url)) return false
    const { headers, bodyAt } = call
    const length = chunk.length - bodyAt
    if (length > mostBodyBytes) return false
    this.#serve(call, headers, length === 0 ? nothing : Buffer.from(chunk.subarray(bodyAt)), true)
    return true
  }

  #gather(chunk: Buffer) {
    const isFirst = this.#bytes === undefined
    if (isFirst) this.#since = performance.now()
    const bytes = isFirst ? chunk : Buffer.concat([this.#bytes!, chunk])
    this.#bytes = bytes
    this.#parser ??= this.#createParser()
    const result = this.#parser.execute(chunk)
    if (this.#res !== undefined) {
      if (typeof result !== 'number') this.#endBehind(result)
      else if (bytes.length > mostAheadBytes) this.#socket.pause()
      return
    }
    const head = this.#head
    // A head that comes in pieces is looked at by node; the rest of a short body is waited for.
    if (typeof result !== 'number' || this.#isOdd || head === undefined) this.#handOver()
    else if (this.#isWhole) this.#serve(head, this.#headers!, this.#body ?? nothing, head.isKeptAlive)
  }

  #createParser(): MessageParser {
    return createRequestParser(this.#owner.maxHeadBytes, {
      onBegin: () => {
        if (this.#head !== undefined) this.#isOdd = true // behind another one
      },
      onHead: (head) => this.#onHead(head),
      onBody: (chunk) => {
        this.#body = this.#body === undefined ? chunk : Buffer.concat([this.#body, chunk])
      },
      onComplete: () => {
        this.#isWhole = true
      },
    })
  }

  #onHead(head: RequestHead) {
    const headers = headersByName(head.lines)
    this.#head = head
    this.#headers = headers
    const { isHttp11, isUpgrade, url } = head
    if (!isHttp11 || isUpgrade || url === '' || headers === undefined || !isPlain(headers)) this.#isOdd = true
    else if (this.#owner.isForNode(url)) this.#isOdd = true
  }

  #serve(head: QuickHead, headers: Readonly<Record<string, string>>, body: Buffer, isKeptAlive: boolean) {
    const socket = this.#socket
    const req = new QuickRequest(socket, head, headers, body)
    const res = new QuickResponse({
      socket,
      isHead: head.method === 'HEAD',
      isKeptAlive,
      keepAliveLines: this.#owner.keepAliveLines,
      onFinished: this.#onFinished,
    })
    this.#req = req
    this.#res = res
    this.#bytes = undefined
    this.#head = undefined
    this.#body = undefined
    this.#isWhole = false
    this.#hasServed = true
    this.#owner.serve(req, res)
  }

  readonly #onFinished = () => {
    const socket = this.#socket
    const isLast = !this.#res!.shouldKeepAlive
    this.#res = undefined
    this.#req = undefined
    if (isLast) {
      this.#isOver = true
      socket.destroySoon()
    } else if (this.#bytes !== undefined)
      this.#handOver() // calls in a row are served in turn there
    else this.#since = performance.now()
  }

  /** The answer under way is the last one: it is the service's, whatever is said behind the call. */
  #endBehind(error: UnreadableError) {
    this.#isOver = true
    this.#bytes = undefined
    this.#res!.shouldKeepAlive = false
    closeAfterAnswer(this.#req!)
    this.#owner.onUnreadable(error)
  }

  /** Called from time to time: for what is slow to come. */
  look(now: number): void {
    const waitedMs = now - this.#since
    const { headMs, keepAliveMs, onSilent } = this.#owner
    if (this.#res !== undefined) {
      const hasBegun = this.#bytes !== undefined && this.#head === undefined
      if (hasBegun && waitedMs > headMs) this.#endBehind(tooSlow())
    } else if (this.#bytes !== undefined)
      this.#handOver() // node has the means to wait for the rest
    else if (this.#hasServed) {
      if (waitedMs > keepAliveMs) this.#socket.destroy()
    } else if (waitedMs > headMs) {
      this.#leave()
      onSilent(this.#socket)
    }
  }

  /** Ends it if nothing is going on. */
  closeIfIdle() {
    if (this.#res === undefined && this.#bytes === undefined) this.#socket.destroy()
  }

  destroy() {
    this.#socket.destroy()
  }

  /** To node's server, with all that came and was not served. */
  #handOver() {
    this.#leave()
    this.#owner.handOver(this.#socket, this.#bytes)
  }

  #leave() {
    this.#endReading()
    const socket = this.#socket
    socket.off('data', this.#onData).off('end', this.#onEnd)
    socket.off('error', this.#onError).off('close', this.#onClose).off('drain', this.#onDrain)
    this.#owner.ended(this)
    setImmediate(() => this.#parser?.close()) // not from within a call of its own
  }

  /** The partner ended its side: as with node's server, there is no answer then any more. */
  readonly #onEnd = () => {
    if (this.#res !== undefined) this.#socket.destroy()
    else this.#socket.end()
  }

  readonly #onError = () => {} // 'close' follows

  readonly #onDrain = () => this.#res?.emit('drain')

  readonly #onClose = () => {
    this.#leave()
    this.#res?.close()
  }
}

const nothing = Buffer.alloc(0)

export const tooSlow = (): UnreadableError =>
  Object.assign(new Error('a call did not come in time'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })

/** Without expectations, and with a body, if any, whose length is said. */
function isPlain(headers: Readonly<Record<string, string>>): boolean {
  if (headers.expect !== undefined || headers['transfer-encoding'] !== undefined) return false
  const length = headers['content-length']
  return length === undefined || Number(length) <= mostBodyBytes
}
