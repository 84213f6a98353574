import type { IncomingMessage, ServerResponse } from 'node:http'
import { Transform } from 'node:stream'
import type { Exchange } from '../policies/policy.ts'
import { Problem, problem } from '../registry/base/problem.ts'
import type { CallerRequest, CallerResponse } from './caller.ts'
import { type Pace, patienceLeft } from './pace.ts'

/** Bodies up to this length are read before the call is sent on: they go out in one write, and can be sent again. */
export const smallBodyBytes = 16_384

export interface BodyLimits {
  readonly maxBytes: number
  /** Of the caller. */
  readonly pace: Pace
}

/**
 * Reads the whole body; it is there at once where the call came whole.
 * @throws Problem body-too-large, request-timeout, request-malformed; CallerGone when the connection ends before the body
 */
export function readBody(
  req: CallerRequest,
  length: number | undefined,
  limits: BodyLimits,
): Buffer | Promise<Buffer> {
  if (!('whole' in req)) return gatherBody(req, length, limits)
  if (req.whole.length > limits.maxBytes) throw bodyTooLarge(limits.maxBytes)
  return req.whole
}

function gatherBody(
  req: IncomingMessage,
  length: number | undefined,
  { maxBytes, pace }: BodyLimits,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    let leftMs = pace.idleMs
    let movedAt = performance.now()
    const end = (failure?: unknown) => {
      clearTimeout(timer)
      req.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
      if (failure !== undefined) reject(failure)
      else resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size))
    }
    const giveUp = () => end(stoppedArriving())
    let timer = setTimeout(giveUp, leftMs)
    const onData = (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > maxBytes) end(bodyTooLarge(maxBytes))
      else if (size === length) end()
      else {
        const now = performance.now()
        leftMs = patienceLeft(leftMs, now - movedAt, chunk.length, pace)
        movedAt = now
        clearTimeout(timer)
        timer = setTimeout(giveUp, leftMs)
      }
    }
    const onEnd = () => end()
    const onClose = (fault?: Error) => end(asEnd(fault))
    const fault = faults.get(req)
    if (fault) return end(fault)
    req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
  })
}

/**
 * Asks for the body where the caller waits to be asked, now that the call is allowed.
 * @throws Problem body-too-large before a byte is read, when the stated length says so
 */
export function inviteBody(req: CallerRequest, res: CallerResponse, x: Exchange): void {
  checkStatedLength(x)
  if ('whole' in req || req.headers.expect === undefined || req.httpVersion === '1.0') return
  ;(res as ServerResponse).writeContinue()
}

/** @throws Problem body-too-large */
export function checkStatedLength({ request: { contentLength = 0, maxBodyBytes } }: Exchange): void {
  if (contentLength > maxBodyBytes) throw bodyTooLarge(maxBodyBytes)
}

export interface StreamLimits extends BodyLimits {
  /** Longest time in which the service takes nothing of it. */
  readonly serviceIdleMs: number
}

/**
 * The body as a stream of its own: counted, and watched for slowness. It stands between the caller's connection and the
 * service's, so that the end of one does not tear down the other: a service may answer, and hang up, before it has read
 * all. Errors with a Problem, or CallerGone. Trailers of the request are not carried on: undici cannot send any.
 */
export function streamBody(req: IncomingMessage, limits: StreamLimits): Transform {
  const { maxBytes, pace, serviceIdleMs } = limits
  let size = 0
  let sizeSeen = 0
  let leftMs = pace.idleMs // of the caller's time
  let lookedAt = performance.now()
  let movedAt = performance.now()
  let wasServiceSlow = false
  const everyMs = Math.min(pace.idleMs, serviceIdleMs, 5_000) // whoever is slow is seen in time
  let timer: NodeJS.Timeout | undefined
  const body = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      movedAt = performance.now()
      done(size > maxBytes ? bodyTooLarge(maxBytes) : null, chunk)
    },
    destroy(error, done) {
      clearTimeout(timer)
      req.unpipe(body)
      req.off('close', onClose).off('error', onClose)
      done(error)
    },
  })
  const watch = () => {
    const now = performance.now()
    const isServiceSlow = body.readableLength > 0 || body.writableNeedDrain || req.complete
    // What the service has now taken after a pause, the caller has had no time to follow up.
    if (wasServiceSlow && !isServiceSlow) movedAt = now
    const waitedMs = wasServiceSlow || isServiceSlow ? 0 : now - lookedAt
    leftMs = patienceLeft(leftMs, waitedMs, size - sizeSeen, pace)
    wasServiceSlow = isServiceSlow
    sizeSeen = size
    lookedAt = now
    const silentMs = now - movedAt
    const dueMs = isServiceSlow ? serviceIdleMs - silentMs : Math.min(leftMs, pace.idleMs - silentMs)
    if (dueMs > 0) timer = setTimeout(watch, Math.min(dueMs, everyMs))
    else body.destroy(isServiceSlow ? stoppedReading() : stoppedArriving())
  }
  const onClose = (fault?: Error) => {
    if (!req.complete) body.destroy(asEnd(fault))
  }
  timer = setTimeout(watch, everyMs)
  body.on('end', () => clearTimeout(timer))
  body.on('error', () => {}) // whoever reads it hears of it; before anybody does, it must not end the process
  req.on('close', onClose).on('error', onClose)
  const fault = faults.get(req)
  if (fault) body.destroy(fault)
  else req.pipe(body)
  return body
}

const faults = new WeakMap<IncomingMessage, Problem>()

/** The rest of the body cannot be read: whoever reads it, now or later, is told so. */
export function failBody(req: IncomingMessage, fault: Problem): void {
  faults.set(req, fault)
  if (req.listenerCount('error') > 0) req.emit('error', fault)
}

const asEnd = (fault: Error | undefined) => (fault instanceof Problem ? fault : new CallerGone())

const bodyTooLarge = (maxBytes: number) =>
  problem('body-too-large', { detail: `At most ${maxBytes} bytes are taken here.` })
const stoppedReading = () => problem('upstream-timeout', { detail: 'The service stopped reading the body.' })
const stoppedArriving = () =>
  problem('request-timeout', { detail: 'The body stopped arriving, or came too slowly.' })

/** The caller closed the connection: there is nobody to answer. */
export class CallerGone extends Error {}
