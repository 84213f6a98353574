import { z } from 'zod'
import { problem } from '../registry/base/problem.ts'
import { isTimeZone, lengthSeconds } from '../registry/periods.ts'
import { countedBy } from './limits/counted-by.ts'
import { mode, per, whenStoreFails } from './limits/schema.ts'
import type { LimitClaim, Policy } from './policy.ts'

const schema = z.strictObject({
  limit: z.int().min(1).max(1_000_000_000_000).describe('Calls allowed in each period.'),
  period: z
    .enum(['day', 'week', 'month'])
    .default('day')
    .describe('By the calendar of the time zone; weeks begin on Monday.'),
  timeZone: z
    .string()
    .refine(isTimeZone, { error: 'a time zone, e.g. Europe/Berlin' })
    .default('UTC')
    .describe('Name of a time zone (IANA), e.g. `Europe/Berlin`, by which periods begin.'),
  per,
  whenStoreFails,
  mode,
})

/** Calls per calendar period and caller: what was bought, beside how fast it may be used (`rate-limit`). */
export const quota: Policy<z.infer<typeof schema>> = {
  name: 'quota',
  summary: 'Lets each caller make so many calls in a day, week or month of the calendar.',
  schema,
  compile(config, deps) {
    const { limit, period, timeZone } = config
    const isObserved = config.mode === 'observe'
    const span = { unit: period, timeZone }
    const base = { limit, cost: 1, isObserved, whenStoreFails: config.whenStoreFails, period: span }
    const claimOf = countedBy(
      config.per,
      deps,
      (counted): LimitClaim => ({ ...base, ...counted, kind: 'calendar' }),
    )
    const detail = `${limit} calls are allowed in a ${period} (${timeZone}). Wait as long as Retry-After says.`
    return {
      readsBody: typeof config.per !== 'string' && 'bodyPointer' in config.per,
      limit: {
        policy: 'quota',
        note: 'quota',
        name: period,
        parameters: `;q=${limit};w=${lengthSeconds(span)}`,
        limit,
        hasReset: true,
        isObserved,
        claimOf,
        refusal: (retryAfterSeconds) => problem('quota-exceeded', { detail, retryAfterSeconds }),
      },
    }
  },
}
