import type { Dispatcher } from 'undici'
import type { TargetPool } from '../http1/pool.ts'
import type { OutgoingCall } from '../http1/write.ts'
import { Http2Call } from './call.ts'
import { hasRoom, openSession, type Session } from './session.ts'

export interface Http2Options {
  readonly url: string
  readonly connectTimeoutMs: number
  /** Longest silence in the midst of an answer. */
  readonly idleMs: number
  readonly caCertificate: string | undefined
}

interface Waiting {
  readonly call: OutgoingCall
  readonly handler: Dispatcher.DispatchHandler
}

/** How often calls are looked at. ms; one timer for all of them */
const lookMs = 50

/** How long a connection without calls is kept. ms */
const freeMs = 30_000

/**
 * The connections of a thread to a target, over HTTP/2: one, and more where the service takes no further calls on it. How
 * many calls there may be is not decided here: a call has taken a slot of the target before it comes.
 */
export function openHttp2Pool(options: Http2Options): TargetPool {
  const { connectTimeoutMs, idleMs } = options
  const sessions = new Set<Session>()
  const calls = new Set<Http2Call>()
  const opening = new Set<(reason: Error) => void>()
  let waiting: Waiting[] = []
  let looking: NodeJS.Timeout | undefined
  let isClosing = false
  let onClosed: (() => void) | undefined

  function begin(session: Session, { call, handler }: Waiting) {
    const own = new Http2Call(session, call, handler, (ended) => {
      calls.delete(ended)
      session.calls--
      session.freeAt = performance.now()
      if (ended.wasInSilence) askAlive(session)
      if (isClosing && session.calls === 0) session.http2.close()
      if (waiting.length > 0) serveWaiting()
    })
    session.calls++
    calls.add(own)
    own.send()
  }

  /** A connection whose other end is gone without a word would swallow call after call. */
  function askAlive(session: Session) {
    const { http2 } = session
    if (session.isAsked || http2.destroyed || http2.closed) return
    session.isAsked = true
    const timer = setTimeout(
      () => http2.destroy(new Error('the service does not answer PING')),
      connectTimeoutMs,
    )
    http2.ping(() => {
      session.isAsked = false
      clearTimeout(timer)
    })
  }

  function serveWaiting() {
    const all = waiting
    waiting = []
    for (const one of all) place(one)
  }

  function place(one: Waiting) {
    for (const session of sessions) if (hasRoom(session)) return begin(session, one)
    waiting.push(one)
    if (opening.size === 0) open()
  }

  function open() {
    const stop = openSession(options, (error, session) => {
      opening.delete(stop)
      if (session) take(session)
      else {
        const failed = waiting
        waiting = []
        for (const { handler } of failed) handler.onResponseError?.(undefined as never, error!)
      }
    })
    opening.add(stop)
  }

  function take(session: Session) {
    const { http2 } = session
    sessions.add(session)
    looking ??= setInterval(look, lookMs).unref()
    http2.on('error', () => {}) // its calls hear of it
    http2.on('goaway', (_code, lastSeen) => {
      session.lastSeen = Math.min(session.lastSeen, lastSeen)
    })
    http2.once('close', () => {
      sessions.delete(session)
      if (sessions.size > 0) return
      clearInterval(looking)
      looking = undefined
      if (isClosing) onClosed?.()
    })
    if (isClosing) http2.close()
    serveWaiting()
  }

  function look() {
    const now = performance.now()
    for (const call of calls) call.look(now, idleMs)
    for (const { http2, calls: count, freeAt } of sessions)
      if (count === 0 && now - freeAt >= freeMs && !http2.closed) http2.close()
  }

  return {
    dispatch(call, handler) {
      place({ call, handler })
    },
    close() {
      isClosing = true
      for (const { http2, calls: count } of sessions) if (count === 0) http2.close()
      if (sessions.size === 0) return Promise.resolve()
      return new Promise((resolve) => {
        onClosed = resolve
      })
    },
    async destroy() {
      isClosing = true
      for (const { http2 } of sessions) http2.destroy()
      for (const stop of opening) stop(new Error('the connections to the service are ended'))
    },
  }
}
