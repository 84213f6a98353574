import { z } from 'zod'

/** Settings of an upstream that say when a target gets no calls, and what else is tried. Part of model.ts. */

/** `300`, or `200-299` */
const StatusRange = z
  .string()
  .regex(/^[1-5]\d\d(-[1-5]\d\d)?$/, 'a status such as 200, or a range such as 200-299')

export const ActiveCheck = z
  .strictObject({
    type: z
      .enum(['http', 'tcp'])
      .default('http')
      .describe(
        '`http`: a GET of `path`, over TLS where the target’s address is https. `tcp`: a connection only.',
      ),
    path: z
      .string()
      .max(500)
      .regex(/^\/[\x21-\x7E]*$/, 'begins with / and holds no spaces')
      .default('/')
      .describe('Path and query that are asked for.'),
    expectedStatuses: z
      .array(StatusRange)
      .min(1)
      .max(20)
      .default(['200-399'])
      .describe('Statuses that pass, each alone or as a range such as `200-299`.'),
    intervalMs: z
      .int()
      .min(100)
      .max(3_600_000)
      .default(5_000)
      .describe('Time from one check of a target to the next.'),
    timeoutMs: z.int().min(10).max(60_000).default(1_000).describe('Longest wait for the answer.'),
    healthyThreshold: z
      .int()
      .min(1)
      .max(100)
      .default(2)
      .describe('Checks in a row that must pass before a target gets calls again.'),
    unhealthyThreshold: z
      .int()
      .min(1)
      .max(100)
      .default(3)
      .describe('Checks in a row that must fail before a target gets no more calls.'),
  })
  .describe(
    'The gateway asks every target by itself, once per process. Absent or `null`: it does not, and judges by the calls alone.',
  )
export type ActiveCheck = z.infer<typeof ActiveCheck>

export const SuccessRateRule = z
  .strictObject({
    intervalSeconds: z
      .int()
      .min(1)
      .max(3_600)
      .default(10)
      .describe('How often the targets are compared, over the calls since the last time.'),
    minimumTargets: z
      .int()
      .min(3)
      .max(200)
      .default(5)
      .describe('Fewest targets with enough calls; fewer say nothing about what is usual.'),
    minimumCalls: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(100)
      .describe('Fewest calls of a target within the interval.'),
    deviations: z
      .number()
      .min(0.1)
      .max(10)
      .default(1.9)
      .describe('A target is ejected that lies below the mean by more than this many standard deviations.'),
  })
  .describe('Ejects a target whose share of good answers lies far below that of the others. `null`: never.')
export type SuccessRateRule = z.infer<typeof SuccessRateRule>

export const OutlierEjection = z
  .strictObject({
    consecutive5xx: z
      .int()
      .min(0)
      .max(10_000)
      .default(5)
      .describe('Calls in a row that ended in a 5xx or without an answer. 0: not counted.'),
    consecutiveGatewayFailures: z
      .int()
      .min(0)
      .max(10_000)
      .default(5)
      .describe(
        'The same, of 502, 503, 504, failed connections, broken answers and timeouts only. 0: not counted.',
      ),
    successRate: SuccessRateRule.nullable().prefault({}),
    ejectionSeconds: z
      .int()
      .min(1)
      .max(86_400)
      .default(30)
      .describe('How long it gets no calls the first time; the n-th time in a row n times as long.'),
    maxEjectionSeconds: z.int().min(1).max(86_400).default(300).describe('The longest such time.'),
    maxEjectedPercent: z
      .int()
      .min(1)
      .max(100)
      .default(50)
      .describe(
        'Largest share of the targets that may be ejected at a time, but always one. The last available one never is.',
      ),
  })
  .refine(
    (o) => o.maxEjectionSeconds >= o.ejectionSeconds,
    'maxEjectionSeconds must not be below ejectionSeconds',
  )
  .describe(
    'Takes a target out by what its calls say. After the time one call tries it; the answer decides. `null`: never.',
  )
export type OutlierEjection = z.infer<typeof OutlierEjection>

export const CircuitBreaker = z
  .strictObject({
    failurePercent: z
      .int()
      .min(1)
      .max(100)
      .default(50)
      .describe(
        'Share of the calls to a target that must fail: failed connections, broken answers, timeouts, 502, 503 and 504.',
      ),
    minimumCalls: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(20)
      .describe('Fewest calls within the window; fewer say nothing.'),
    windowSeconds: z.int().min(1).max(3_600).default(10).describe('Time over which calls are counted.'),
    openSeconds: z
      .int()
      .min(1)
      .max(3_600)
      .default(5)
      .describe('How long it gets no calls the first time; the n-th time in a row n times as long.'),
    maxOpenSeconds: z.int().min(1).max(86_400).default(60).describe('The longest such time.'),
  })
  .refine((b) => b.maxOpenSeconds >= b.openSeconds, 'maxOpenSeconds must not be below openSeconds')
  .describe(
    'Spares a target that cannot serve, even the last one: calls are answered 503 at once. After the time one call tries it. `null`: never.',
  )
export type CircuitBreaker = z.infer<typeof CircuitBreaker>

export const Retry = z
  .strictObject({
    onStatuses: z
      .array(z.union([z.literal(502), z.literal(503), z.literal(504)]))
      .max(3)
      .default([])
      .describe(
        'Answers of a target upon which a call without a body and with an idempotent method goes to another one. The last answer is passed on.',
      ),
    budgetPercent: z
      .int()
      .min(0)
      .max(100)
      .default(20)
      .describe(
        'Most calls that are sent a second time, as a share of the calls of the last 10 s. A connection that failed before a byte was sent does not count.',
      ),
    minimumPerSecond: z
      .int()
      .min(0)
      .max(100_000)
      .default(10)
      .describe('Second tries that are free beside that share, so that few calls do not mean no retries.'),
    maxRetryAfterSeconds: z
      .int()
      .min(0)
      .max(3_600)
      .default(30)
      .describe(
        'A target that answers 503 with Retry-After is left alone until then, at most this long, while others are available. 0: not.',
      ),
  })
  .describe('What bounds second tries.')
export type Retry = z.infer<typeof Retry>

export const TargetState = z
  .enum(['healthy', 'warming', 'half-open', 'held', 'ejected', 'open', 'unhealthy', 'draining'])
  .describe(
    '`warming`: healthy again, with part of its weight. `half-open`: one call tries it. `held`: it asked for a pause with Retry-After. `ejected`: its calls fail. `open`: its circuit breaker is. `unhealthy`: it fails the checks. `draining`: it gets no new calls.',
  )
export type TargetState = z.infer<typeof TargetState>

/** What one gateway says of one target. */
export const TargetReport = z.object({
  upstreamId: z.string(),
  target: z.string().describe('Its id inside the upstream.'),
  state: TargetState,
  reason: z
    .string()
    .describe('Why, e.g. `consecutive-5xx` or `check-timeout`; empty where nothing ever happened.'),
  since: z.int().describe('Since when, in ms since the epoch.'),
  until: z.int().nullable().describe('When it is tried again, in ms since the epoch, where that is settled.'),
  inFlight: z.int().describe('Calls in flight to it, over all threads of the gateway.'),
})
export type TargetReport = z.infer<typeof TargetReport>
