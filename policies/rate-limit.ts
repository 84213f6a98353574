import { z } from 'zod'
import { networkOf } from '../registry/base/network.ts'
import { asProblem, problem } from '../registry/base/problem.ts'
import { removeHeaders, setHeader } from './header-list.ts'
import type { Deps, Exchange, LimitAnswer, LimitTake, Policy } from './policy.ts'

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
    per: z
      .enum(['application', 'partner', 'plan', 'address'])
      .default('application')
      .describe(
        'Who shares one count. `application`, `partner`: all its calls. `plan`: all calls of a partner under the same plan. `address`: all calls from one address; of IPv6, from one /64. Calls without a credential are counted by address, those without a plan by application.',
      ),
    whenStoreFails: z
      .enum(['allow', 'refuse'])
      .default('allow')
      .describe('What happens to calls while Redis cannot be reached and nothing can be counted.'),
  })
  .refine((c) => c.burst === undefined || c.burst <= c.limit, {
    path: ['burst'],
    message: 'a burst is at most the limit',
  })
type Config = z.infer<typeof schema>

const ours = new Set([
  'ratelimit',
  'ratelimit-policy',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
])

/**
 * Calls per window and caller. Counts are kept apart by environment and by the place of the config, not by its
 * content: an edit does not give anybody a fresh start.
 *
 * Notes for the log and metrics: `rateLimit` is `taken`, `refused` or `uncounted`, `rateLimitPer` as configured.
 */
export const rateLimit: Policy<Config> = {
  name: 'rate-limit',
  summary: 'Lets each caller make so many calls in a window of time, and says how many are left.',
  schema,
  compile(config, deps) {
    const takeOf = counterOf(config, deps)
    const policyHeader = `"${config.per}";q=${config.limit};w=${config.windowSeconds}`
    const limitText = String(config.limit)
    const detail = `${config.limit} calls are allowed in ${config.windowSeconds} s. Wait as long as Retry-After says.`

    const settle = (x: Exchange, answer: LimitAnswer): void => {
      const remaining = String(Math.max(0, answer.remaining))
      const resetSeconds = String(Math.ceil(answer.resetMs / 1000))
      const out = x.responseHeaders
      setHeader(out, 'RateLimit-Policy', policyHeader)
      setHeader(out, 'RateLimit', `"${config.per}";r=${remaining};t=${resetSeconds}`)
      setHeader(out, 'X-RateLimit-Limit', limitText)
      setHeader(out, 'X-RateLimit-Remaining', remaining)
      setHeader(out, 'X-RateLimit-Reset', resetSeconds)
      x.notes.rateLimit = answer.isAllowed ? 'taken' : 'refused'
      x.notes.rateLimitPer = config.per
      // Rounded up, and never 0: "at once" would bring the caller back too early.
      if (!answer.isAllowed)
        throw problem('rate-limited', {
          detail,
          retryAfterSeconds: Math.max(1, Math.ceil(answer.retryAfterMs / 1000)),
        })
    }
    const storeFailed = (x: Exchange, error: unknown): void => {
      const isStoreAway = asProblem(error).code === 'store-unavailable'
      if (!isStoreAway || config.whenStoreFails === 'refuse') throw error
      x.notes.rateLimit = 'uncounted'
      x.notes.rateLimitPer = config.per
    }

    return {
      onRequest(x) {
        let answer: LimitAnswer | Promise<LimitAnswer>
        try {
          answer = deps.takeTokens(takeOf(x))
        } catch (error) {
          return storeFailed(x, error)
        }
        if (!('then' in answer)) return settle(x, answer)
        return answer.then(
          (taken) => settle(x, taken),
          (error) => storeFailed(x, error),
        )
      },
      // The service's own limits are not the caller's: it would see two answers to one question.
      onResponse: (x) => removeHeaders(x.response!.headers, (name) => ours.has(name)),
    }
  },
}

function counterOf({ limit, windowSeconds, burst, per }: Config, deps: Deps): (x: Exchange) => LimitTake {
  const windowMs = windowSeconds * 1000
  const { level, id } = deps.place
  // A plan's limit is compiled per version; "per plan" it is one count over all of them.
  const planPlace = level === 'plan' ? 'plan' : id
  const take = (owner: string, rule: string): LimitTake =>
    burst === undefined
      ? { owner, rule, limit, windowMs, cost: 1 }
      : { owner, rule, limit, windowMs, burst, cost: 1 }

  return (x) => {
    const { identity, environment } = x
    if (per === 'address' || identity === undefined)
      return take(networkOf(x.request.ip), `${environment}:${id}:address`)
    if (per === 'partner') return take(identity.partnerId, `${environment}:${id}:partner`)
    const planId = per === 'plan' ? identity.subscriptions.get(x.route!.versionId)?.planId : undefined
    if (planId) return take(identity.partnerId, `${environment}:${planPlace}:${planId}`)
    return take(identity.partnerId, `${environment}:${id}:${identity.applicationId}`)
  }
}
