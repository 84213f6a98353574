import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import { createAnswerParser, type MessageParser, maxAnswerHeadBytes } from './parser.ts'
import { readPlainAnswer } from './plain-answer.ts'
import { type OutgoingCall, writeCall } from './write.ts'

/** A call, and who hears of its answer: the contract is that of undici's `dispatch`. */
export interface Sending {
  readonly call: OutgoingCall
  readonly handler: Dispatcher.DispatchHandler
}

/** Whose connection it is: where it goes when it is free, and when it ended. */
export interface Owner {
  /** Longest time that it may be free. */
  readonly keepAliveMs: number
  /** Longest silence in the midst of an answer. */
  readonly idleMs: number
  free(connection: Connection): void
  ended(connection: Connection): void
}

/**
 * One connection to a target, with one call at a time: the next is written when the answer to the last has come whole.
 * What comes unasked, or goes on after an answer, ends it: the next caller must not get it for an answer.
 */
export class Connection implements Dispatcher.DispatchController {
  readonly #socket: Socket
  readonly #owner: Owner
  readonly #parser: MessageParser
  #sending: Sending | undefined
  /** Whether the parser has begun with an answer, and not come to its end. */
  #isParsing = false
  #isWriting = false
  /** Whether a byte of the call was written. */
  #isBegun = false
  #isSent = false
  #hasHead = false
  /** Whether the answer has come to its end, be it said to the handler or still held. */
  #isWhole = false
  #isKeptAlive = true
  #stopBody: ((cause: Error) => void) | undefined
  /** What came while the handler wanted nothing. */
  #held: (() => void)[] = []
  /** When something last went either way, by the monotonic clock. */
  #movedAt = 0
  #lifeMs: number
  isUsable = true
  aborted = false
  reason: Error | null = null
  paused = false
  rawHeaders: string[] = []
  rawTrailers: string[] = []

  /** @param socket connected */
  constructor(socket: Socket, owner: Owner) {
    this.#socket = socket
    this.#owner = owner
    this.#lifeMs = owner.keepAliveMs
    this.#parser = createAnswerParser({
      onBegin: () => this.#onBegin(),
      onHead: (status, lines, isKeptAlive) => this.#onHead(status, lines, isKeptAlive),
      onBody: (chunk) => this.#onBody(chunk),
      onComplete: (trailers) => this.#onComplete(trailers),
    })
    socket.on('error', (error) => this.#fail(error)).on('end', () => this.#onEnd())
    socket.once('close', () => {
      this.#fail(new Error('the service closed the connection'))
      this.#parser.close()
      owner.ended(this)
    })
  }

  /** Only to a connection that is usable and free. */
  send(sending: Sending): void {
    const { call, handler } = sending
    this.#sending = sending
    this.#isWriting = false
    this.#isBegun = false
    this.#isSent = false
    this.#hasHead = false
    this.#isWhole = false
    this.#stopBody = undefined
    this.aborted = false
    handler.onRequestStart?.(this, undefined)
    if (this.aborted) return void this.#free() // not a byte was written
    try {
      this.#isWriting = true
      this.#movedAt = performance.now()
      this.#stopBody = writeCall(this.#socket, call, this.#progress)
    } catch (error) {
      this.#free() // the same
      handler.onResponseError?.(this, error as Error)
    }
  }

  readonly #progress = {
    onMoved: () => {
      this.#isBegun = true
      this.#movedAt = performance.now()
    },
    onSent: () => {
      this.#isBegun = true
      this.#isSent = true
      this.#sending?.handler.onRequestSent?.()
    },
    onError: (error: Error) => this.#fail(error),
  }

  /** Bytes of the service. */
  receive(bytes: Buffer): void {
    if (this.#sending === undefined) return void this.destroy()
    if (!this.#isBegun) return void this.#fail(new Error('the service spoke before it was asked'))
    this.#movedAt = performance.now()
    if (!this.#isParsing && this.#takePlain(bytes, this.#sending.call.method)) return
    this.#isParsing = true
    const result = this.#parser.execute(bytes)
    if (typeof result !== 'number') this.#fail(result)
  }

  /** @returns whether it was an answer that is all of the bytes */
  #takePlain(bytes: Buffer, method: string): boolean {
    if (method === 'HEAD') return false
    const answer = readPlainAnswer(bytes, maxAnswerHeadBytes)
    if (answer === undefined) return false
    const { status, lines, bodyAt } = answer
    const body = Buffer.from(bytes.subarray(bodyAt)) // its place is that of the next read
    this.#onHead(status, lines, true)
    if (body.length > 0) this.#onBody(body)
    this.#onComplete(noLines)
    return true
  }

  #onBegin() {
    if (this.#sending === undefined) this.destroy()
  }

  #onHead(status: number, lines: string[], isKeptAlive: boolean): boolean {
    if (this.#sending === undefined) return false
    if (status < 200) {
      // Neither was asked for: what follows them is no answer to this call.
      if (status <= 101) this.#fail(new Error(`the service answered ${status} unasked`))
      return false
    }
    const { call, handler } = this.#sending
    this.#hasHead = true
    // Some services send a body, or its end, after an answer to HEAD, too late to be seen before the next call is written.
    this.#isKeptAlive = isKeptAlive && call.method !== 'HEAD'
    this.#lifeMs = Math.min(this.#owner.keepAliveMs, keptForMs(lines))
    this.rawHeaders = lines
    try {
      handler.onResponseStart?.(this, status, {}, '')
    } catch (error) {
      this.#fail(error as Error) // a handler that throws has failed the call
    }
    return call.method !== 'HEAD'
  }

  #onBody(chunk: Buffer) {
    if (this.paused) this.#held.push(() => this.#say(chunk))
    else this.#say(chunk)
  }

  #onComplete(trailers: string[]) {
    if (!this.#hasHead) return // an interim answer has no end of its own
    this.#isParsing = false
    this.rawTrailers = trailers
    this.#isWhole = true
    if (this.paused) this.#held.push(() => this.#finish())
    else this.#finish()
  }

  #finish() {
    const sending = this.#sending
    if (sending === undefined) return
    if (!this.#isSent) this.#stopBody?.(new Error('the service answered before it had taken the body'))
    if (this.#isSent && this.#isKeptAlive) this.#free()
    else this.#end()
    try {
      sending.handler.onResponseEnd?.(this, {})
    } catch (error) {
      sending.handler.onResponseError?.(this, error as Error)
    }
  }

  #say(chunk: Buffer) {
    try {
      this.#sending?.handler.onResponseData?.(this, chunk)
    } catch (error) {
      this.#fail(error as Error) // the same
    }
  }

  pause(): void {
    this.paused = true
    this.#socket.pause()
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.#movedAt = performance.now()
    while (!this.paused && this.#held.length > 0) this.#held.shift()!()
    if (!this.paused) this.#socket.resume()
  }

  /** Ends the call from our side; its handler hears no more of it. */
  abort(reason: Error): void {
    this.aborted = true
    this.reason = reason
    if (this.#sending === undefined || !this.#isWriting) return
    this.#stopBody?.(reason)
    this.#end()
  }

  #onEnd() {
    // Of an answer that lasts until the end of the connection, this is it.
    const result = this.#sending && this.#parser.finish()
    if (typeof result === 'object') this.#fail(result)
    else if (!this.#isStillTaken()) this.destroy()
  }

  /** All of the answer is here, and its taker has asked to wait: how the connection ends does not matter to it any more. */
  #isStillTaken(): boolean {
    if (!this.#isWhole || this.#held.length === 0) return false
    this.isUsable = this.#isKeptAlive = false
    return true
  }

  #fail(error: Error) {
    if (this.#isStillTaken()) return
    const sending = this.#sending
    this.#end()
    if (sending === undefined) return
    this.#stopBody?.(error)
    sending.handler.onResponseError?.(this, error)
  }

  #free() {
    this.#sending = undefined
    this.#movedAt = performance.now()
    if (this.isUsable) this.#owner.free(this)
  }

  #end() {
    this.#sending = undefined
    this.destroy()
  }

  get isBusy(): boolean {
    return this.#sending !== undefined
  }

  /** Called from time to time: ends a connection that was free for long, and an answer that stopped coming. */
  look(now: number): void {
    if (this.#sending === undefined) {
      if (this.isStale(now)) this.destroy()
    } else if (this.#hasHead && !this.paused && now - this.#movedAt >= this.#owner.idleMs)
      this.#fail(Object.assign(new Error('the answer stopped coming'), { code: 'ANSWER_IDLE' }))
  }

  /** Whether it was free for so long that the service may be just about to close it. */
  isStale(now: number): boolean {
    return now - this.#movedAt >= this.#lifeMs
  }

  destroy(): void {
    this.isUsable = false
    this.#held = []
    this.#socket.destroy()
  }
}

const noLines: string[] = []

/** A second less than the service says it keeps the connection, as a call may be on its way. */
function keptForMs(lines: readonly string[]): number {
  for (let i = 0; i < lines.length; i += 2) {
    if (lines[i]!.length !== 10 || lines[i]!.toLowerCase() !== 'keep-alive') continue
    const seconds = /\btimeout\s*=\s*(\d+)/i.exec(lines[i + 1]!)?.[1]
    if (seconds !== undefined) return Number(seconds) * 1_000 - 1_000
  }
  return Number.POSITIVE_INFINITY
}
