import express, { type ErrorRequestHandler, type Express } from 'express'
import { openBank } from './bank.ts'
import { Behaviour, behave } from './behaviour.ts'
import { sendProblem } from './problem.ts'
import { v1 } from './v1.ts'
import { v2 } from './v2.ts'

export interface PaymentsOptions {
  /** Name of this instance, told in `x-served-by`. */
  readonly instance: string
  readonly behaviour?: Behaviour
  /** ms since the epoch */
  readonly now?: () => number
  readonly random?: () => number
}

/** A payments service as a bank may run it behind the gateway. It trusts its callers: the gateway has checked them. */
export function createPayments({ instance, behaviour, now, random }: PaymentsOptions): Express {
  const { control, misbehave } = behave(behaviour ?? Behaviour.parse({}), random)
  const bank = openBank(now)
  const app = express().disable('x-powered-by').disable('etag')
  app.use((_, res, next) => {
    res.set('x-served-by', instance)
    next()
  })
  app.get('/healthz', (_, res) => void res.json({ status: 'ok' }))
  app.use(express.json({ limit: '64kb' }), control, misbehave)
  app.use((req, res, next) => {
    if (req.method !== 'POST' || req.body !== undefined) return next()
    sendProblem(res, 400, 'The body cannot be read', 'Send JSON, with the content type application/json.')
  })
  app.use('/v2', v2(bank))
  // Version 1 is older than the habit of naming versions: it is served with and without.
  const version1 = v1(bank)
  app.use('/v1', version1)
  app.use(version1)
  app.use((_, res) => sendProblem(res, 404, 'There is nothing at this address'))
  app.use(onError)
  return app
}

/** What express.json throws: text that is not JSON (400), too much of it (413), an unknown encoding (415). */
const onError: ErrorRequestHandler = (error: { status?: number; type?: string }, _req, res, next) => {
  if (res.headersSent) return next(error)
  const status = error.status ?? 500
  if (status >= 500) process.stderr.write(`${JSON.stringify({ level: 'error', error: String(error) })}\n`)
  sendProblem(
    res,
    status,
    status >= 500 ? 'Something went wrong' : 'The body cannot be read',
    bodyFaults[error.type ?? ''],
  )
}

const bodyFaults: Record<string, string> = {
  'entity.parse.failed': 'It is not JSON.',
  'entity.too.large': 'It is larger than 64 kB.',
}
