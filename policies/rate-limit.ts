import { z } from 'zod'
import { problem } from '../registry/base/problem.ts'
import { countedBy, nameOf } from './limits/counted-by.ts'
import { mode, per, whenStoreFails } from './limits/schema.ts'
import type { LimitClaim, Policy } from './policy.ts'

const schema = z
  .strictObject({
    limit: z.int().min(1).max(1_000_000_000).describe('Calls allowed in each window.'),
    windowSeconds: z.int().min(1).max(86_400).default(60).describe('Length of the window, in seconds.'),
    burst: z
      .int()
      .min(1)
      .optional()
      .describe(
        'Calls allowed at once; further ones come free evenly over the window (GCRA), so that a window may see limit and burst together. Absent: the whole limit may come at once, and no window of that length, wherever it begins, sees more.',
      ),
    isAligned: z
      .boolean()
      .default(false)
      .describe(
        'Whether windows begin at full multiples of their length (UTC), e.g. with each full minute. Then all of the limit is free again at once, and a span over two windows may see both limits together.',
      ),
    per,
    whenStoreFails,
    mode,
  })
  .refine((c) => c.burst === undefined || c.burst <= c.limit, {
    path: ['burst'],
    message: 'a burst is at most the limit',
  })
  .refine((c) => c.burst === undefined || !c.isAligned, {
    path: ['isAligned'],
    message: 'with a burst calls come free evenly, and no window begins',
  })

/** Calls per window and caller. */
export const rateLimit: Policy<z.infer<typeof schema>> = {
  name: 'rate-limit',
  summary: 'Lets each caller make so many calls in a window of time, and says how many are left.',
  schema,
  compile(config, deps) {
    const { limit, windowSeconds, burst, isAligned } = config
    const isObserved = config.mode === 'observe'
    const base = { limit, cost: 1, isObserved, whenStoreFails: config.whenStoreFails }
    const windowMs = windowSeconds * 1000
    const claimOf = countedBy(config.per, deps, (counted): LimitClaim => {
      if (burst !== undefined) return { ...base, ...counted, kind: 'spread', windowMs, burst }
      if (!isAligned) return { ...base, ...counted, kind: 'window', windowMs }
      return { ...base, ...counted, kind: 'calendar', period: { unit: 'seconds', seconds: windowSeconds } }
    })
    const detail = `${limit} calls are allowed in ${windowSeconds} s. Wait as long as Retry-After says.`
    return {
      readsBody: typeof config.per !== 'string' && 'bodyPointer' in config.per,
      limit: {
        policy: 'rate-limit',
        note: 'rateLimit',
        name: nameOf(config.per),
        parameters: `;q=${limit};w=${windowSeconds}`,
        limit,
        hasReset: true,
        isObserved,
        claimOf,
        refusal: (retryAfterSeconds) => problem('rate-limited', { detail, retryAfterSeconds }),
      },
    }
  },
}
