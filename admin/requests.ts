import type { RequestHandler } from 'express'
import { newId } from '../registry/base/ids.ts'
import type { Log } from '../registry/base/log.ts'

const callersId = /^[A-Za-z0-9._-]{1,64}$/

/** Gives each request an id (the caller's, if it is harmless in a log) and the headers that every answer has. */
export const openRequest: RequestHandler = (req, res, next) => {
  const given = req.headers['x-request-id']
  res.locals.requestId = typeof given === 'string' && callersId.test(given) ? given : newId('req')
  res.setHeader('X-Request-Id', res.locals.requestId)
  // Answers hold registry data, at times a secret: no cache on the way may keep them.
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('X-Content-Type-Options', 'nosniff')
  res.setHeader('X-Frame-Options', 'DENY')
  res.setHeader('Referrer-Policy', 'no-referrer')
  res.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'")
  next()
}

/** One line per request: who, what, how it ended. No query, no header, no body: those may hold what logs must not. */
export function logRequests(log: Log): RequestHandler {
  return (req, res, next) => {
    const startedAt = performance.now()
    const path = withoutSecrets(req.path)
    const address = req.socket.remoteAddress
    res.once('close', () => {
      const { requestId, operation, actor, problem } = res.locals
      const ms = Math.round(performance.now() - startedAt)
      const isComplete = res.writableFinished
      log.info(
        {
          requestId,
          method: req.method,
          path,
          operation,
          status: res.statusCode,
          ms,
          address,
          actor,
          problem,
          isComplete,
        },
        'access',
      )
    })
    next()
  }
}

/** A key pasted into an address by mistake must not be kept by the log. */
export function withoutSecrets(path: string): string {
  return path.replace(/pg[a-z]_[A-Za-z0-9_]{6,}/g, '[hidden]')
}
