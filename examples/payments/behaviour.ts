import { type RequestHandler, Router } from 'express'
import { z } from 'zod'

/** How badly an instance behaves: for demos and tests of what the gateway does about it. */
export const Behaviour = z.strictObject({
  delayMs: z.int().min(0).max(600_000).default(0),
  failRate: z.number().min(0).max(1).default(0),
  failStatus: z.int().min(400).max(599).default(500),
  hang: z.boolean().default(false),
})
export type Behaviour = z.infer<typeof Behaviour>

/**
 * `PUT /_control` sets the behaviour and resets the counts; `GET /_control` tells both. Not in the documents: a
 * gateway in front does not route it.
 */
export function behave(atStart: Behaviour, random: () => number = Math.random) {
  let behaviour = atStart
  let counts = { served: 0, inFlight: 0, maxInFlight: 0 }

  const control = Router()
  control.get('/_control', (_, res) => void res.json({ ...behaviour, ...counts }))
  control.put('/_control', (req, res) => {
    const parsed = Behaviour.safeParse(req.body ?? {})
    if (!parsed.success)
      return void res.status(400).json({ status: 'error', message: z.prettifyError(parsed.error) })
    behaviour = parsed.data
    counts = { served: 0, inFlight: counts.inFlight, maxInFlight: counts.inFlight }
    res.json({ ...behaviour, ...counts })
  })

  const misbehave: RequestHandler = (_, res, next) => {
    counts.served++
    counts.inFlight++
    counts.maxInFlight = Math.max(counts.maxInFlight, counts.inFlight)
    res.once('close', () => counts.inFlight--)
    const { delayMs, failRate, failStatus, hang } = behaviour
    if (hang) return
    const go = () => {
      if (res.destroyed) return
      if (random() < failRate)
        res.status(failStatus).json({ status: 'error', message: 'This instance was told to fail.' })
      else next()
    }
    if (delayMs > 0) setTimeout(go, delayMs)
    else go()
  }
  return { control, misbehave }
}
