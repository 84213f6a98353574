import { z } from 'zod'
import { problem } from '../registry/base/problem.ts'
import { countedBy } from './limits/counted-by.ts'
import { mode, per, whenStoreFails } from './limits/schema.ts'
import type { LimitClaim, Policy } from './policy.ts'

const schema = z.strictObject({
  limit: z
    .int()
    .min(1)
    .max(1_000_000)
    .describe('Calls in flight at the same time, over all gateways. A WebSocket counts until it closes.'),
  per,
  whenStoreFails,
  mode,
})

/** Calls in flight per caller: a slow service must not be filled by one of them. */
export const concurrency: Policy<z.infer<typeof schema>> = {
  name: 'concurrency',
  summary: 'Lets each caller have so many calls in flight at the same time, over all gateways.',
  schema,
  compile(config, deps) {
    const { limit } = config
    const isObserved = config.mode === 'observe'
    const base = { limit, cost: 1, isObserved, whenStoreFails: config.whenStoreFails }
    const claimOf = countedBy(
      config.per,
      deps,
      (counted): LimitClaim => ({ ...base, ...counted, kind: 'flight' }),
    )
    const detail = `${limit} calls may be in flight at the same time. Wait for an answer before you call again.`
    return {
      readsBody: typeof config.per !== 'string' && 'bodyPointer' in config.per,
      limit: {
        policy: 'concurrency',
        note: 'concurrency',
        name: 'concurrency',
        parameters: `;q=${limit};qu="concurrent-requests"`,
        limit,
        hasReset: false,
        isObserved,
        claimOf,
        refusal: (retryAfterSeconds) => problem('concurrency-exceeded', { detail, retryAfterSeconds }),
      },
    }
  },
}
