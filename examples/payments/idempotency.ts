import type { RequestHandler } from 'express'
import { sendProblem } from './problem.ts'

interface Kept {
  readonly request: string
  readonly status: number
  readonly body: unknown
  readonly location: string | undefined
}

const maxKept = 10_000

/**
 * Every POST carries an Idempotency-Key. The same key with the same body gets the first answer again and moves no
 * money; with another body it is refused. Refusals are not kept: they may be repeated after the cause is gone.
 */
export function repeatable(): RequestHandler {
  const answers = new Map<string, Kept>()
  return (req, res, next) => {
    if (req.method !== 'POST') return next()
    const key = req.get('idempotency-key')
    if (!key || key.length > 255)
      return sendProblem(res, 400, 'An Idempotency-Key header of 1 to 255 characters is required')
    const request = `${req.path} ${JSON.stringify(req.body)}`
    const before = answers.get(key)
    if (before && before.request !== request)
      return sendProblem(res, 422, 'The Idempotency-Key was used for another request')
    if (before) {
      if (before.location !== undefined) res.set('location', before.location)
      return void res.status(before.status).set('idempotent-replayed', 'true').json(before.body)
    }
    const json = res.json.bind(res)
    res.json = (body) => {
      if (res.statusCode < 300) {
        answers.set(key, { request, status: res.statusCode, body, location: res.get('location') })
        if (answers.size > maxKept) answers.delete(answers.keys().next().value!)
      }
      return json(body)
    }
    next()
  }
}
