import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, Registry } from 'prom-client'
import type { Exchange } from '../policies/policy.ts'
import type { ProblemCode } from '../registry/base/problem.ts'
import type { Timing } from './handle.ts'
import type { LeaseCounts } from './leases.ts'
import { type Outcome, type RouteLabels, type RouteTallies, routeLabels } from './route-tallies.ts'
import type { ServedRoute } from './served-route.ts'
import { createHistograms } from './tally.ts'
import { limitOf } from './traffic/stopped-by.ts'

/**
 * Labels are bounded by what is published (API, version, operation) and by the tables of this code (method, status
 * class, problem code): nothing that a caller writes becomes a label.
 */
/** Seconds. Payment services answer in 5 ms to some seconds; the gateway's own share is far below. */
const callBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const ownBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5]

/** What became of the spans of a recorded call. */
export type SpanOutcome = 'sent' | 'failed' | 'dropped'

export type ThreadMetrics = ReturnType<typeof createThreadMetrics>

/** What one thread counts; the main thread adds the threads up. */
export function createThreadMetrics() {
  const registry = new Registry()
  const registers = [registry]
  const outcomes: Outcome[] = []
  new Counter({
    name: 'gateway_requests_total',
    help: 'Calls answered, by operation and outcome.',
    labelNames: [...routeLabels, 'method', 'status', 'problem'],
    registers,
    collect() {
      for (const outcome of outcomes) {
        this.inc(outcome.labels, outcome.count)
        outcome.count = 0
      }
    },
  })
  const histograms = createHistograms<RouteLabels>(
    [
      {
        name: 'gateway_request_duration_seconds',
        help: 'From the head of the request to the end of the answer.',
        buckets: callBuckets,
      },
      {
        name: 'gateway_upstream_duration_seconds',
        help: 'From the first attempt to the head of the service’s answer.',
        buckets: callBuckets,
      },
      {
        name: 'gateway_own_duration_seconds',
        help: 'The gateway’s share: the request without the wait for the service.',
        buckets: ownBuckets,
      },
    ],
    registry,
  )
  const [duration, upstream, own] = [0, 1, 2]
  let serving = 0
  new Gauge({
    name: 'gateway_requests_in_flight',
    help: 'Calls being served.',
    registers,
    aggregator: 'sum',
    collect() {
      this.set(serving)
    },
  })
  const limited = new Counter({
    name: 'gateway_rate_limited_total',
    help: 'Calls refused by a limit.',
    labelNames: [...routeLabels, 'policy'],
    registers,
  })
  const observed = new Counter({
    name: 'gateway_limit_would_refuse_total',
    help: 'Calls that a limit would have refused, were it not only observed.',
    labelNames: [...routeLabels, 'policy'],
    registers,
  })
  const storeErrors = new Counter({
    name: 'gateway_store_errors_total',
    help: 'Questions that Redis did not answer.',
    registers,
  })
  const spans = new Counter({
    name: 'gateway_trace_spans_total',
    help: 'Spans of recorded calls, by what became of them: sent, failed (the collector did not take them) or dropped (too many waited).',
    labelNames: ['outcome'],
    registers,
  })
  const unreadable = new Counter({
    name: 'gateway_unreadable_requests_total',
    help: 'What came on a connection and was no request.',
    labelNames: ['problem'],
    registers,
  })
  const tlsFailures = new Counter({
    name: 'gateway_tls_handshake_failures_total',
    help: 'Connections that ended before their TLS handshake was done.',
    registers,
  })
  const lookUpsRefused = new Counter({
    name: 'gateway_lookups_refused_total',
    help: 'Unknown credentials that were refused without asking Redis, as too many had come from their network.',
    registers,
  })
  const identities = new Gauge({
    name: 'gateway_cached_identities',
    help: 'Keys and tokens kept in memory.',
    registers,
    aggregator: 'sum',
  })
  const endLoopDelay = measureLoopDelay(registers)

  const byKey = new Map<string, RouteTallies>()
  const nowhere = talliesOf(undefined)

  /** Routes are made anew by every publish; what they are counted under stays. */
  function talliesOf(route: ServedRoute | undefined): RouteTallies {
    const key = route ? `${route.versionId} ${route.operation.id}` : ''
    let found = byKey.get(key)
    if (!found) {
      const labels = {
        api: route?.apiName ?? '',
        version: route?.versionName ?? '',
        operation: route?.operation.id ?? '',
      }
      found = {
        labels,
        cells: histograms.cellsOf(labels),
        outcomes: new Map(),
        last: undefined,
      }
      byKey.set(key, found)
    }
    if (route) route.tallies = found
    return found
  }

  function outcomeOf(route: RouteTallies, asked: string, status: number, problem: string): Outcome {
    const { last } = route
    if (last?.asked === asked && last.status === status && last.problem === problem) return last.outcome
    const outcome = findOutcome(route, asked, status, problem)
    route.last = { asked, status, problem, outcome }
    return outcome
  }

  function findOutcome(
    { labels, outcomes: known }: RouteTallies,
    asked: string,
    status: number,
    problem: string,
  ): Outcome {
    const method = knownMethods.has(asked) ? asked : 'other'
    const key = `${method} ${status} ${problem}`
    let found = known.get(key)
    if (!found) {
      found = { labels: { ...labels, method, status: String(status), problem }, count: 0 }
      known.set(key, found)
      outcomes.push(found)
    }
    return found
  }

  return {
    registry,
    started() {
      serving++
    },
    inFlight: () => serving,
    identities: (count: number) => identities.set(count),
    lookUpRefused: () => lookUpsRefused.inc(),
    storeFailed: () => storeErrors.inc(),
    spansEnded: (outcome: SpanOutcome, count: number) => spans.inc({ outcome }, count),
    unreadable: (code: ProblemCode) => unreadable.inc({ problem: code }),
    limitsAnswered: (counts: LeaseCounts) => collectLimits(registers, counts),
    tlsFailed: () => tlsFailures.inc(),
    end: endLoopDelay,
    observe(x: Exchange, timing: Timing) {
      serving--
      const served = x.route as ServedRoute | undefined
      const route = served ? (served.tallies ?? talliesOf(served)) : nowhere
      const problem = x.problem?.code ?? (timing.isAborted ? 'caller-gone' : '')
      outcomeOf(route, x.request.method, timing.status, problem).count++
      const { cells } = route
      histograms.observe(cells, duration, timing.totalMs / 1000)
      histograms.observe(cells, own, Math.max(0, timing.totalMs - (timing.upstreamMs ?? 0)) / 1000)
      if (timing.upstreamMs !== undefined) histograms.observe(cells, upstream, timing.upstreamMs / 1000)
      const policy = x.problem && limitOf[x.problem.code]
      if (policy) limited.inc({ ...route.labels, policy })
      if (x.notes.wouldRefuse !== undefined)
        for (const name of String(x.notes.wouldRefuse).split(' '))
          observed.inc({ ...route.labels, policy: name })
    },
  }
}

/** Where the answers about limits came from, and what they cost. */
function collectLimits(registers: Registry[], counts: LeaseCounts) {
  let before = { ...counts }
  const since = (what: keyof LeaseCounts) => counts[what] - before[what]
  new Counter({
    name: 'gateway_limit_answers_total',
    help: 'Calls with limits, by where the answer came from: memory (tokens in hand, or known to be used up), store (Redis), away (Redis did not answer).',
    labelNames: ['from'],
    registers,
    collect() {
      for (const from of ['memory', 'store', 'away'] as const) this.inc({ from }, since(from))
    },
  })
  new Counter({
    name: 'gateway_limit_questions_total',
    help: 'Commands sent to Redis for limits.',
    registers,
    collect() {
      this.inc(since('questions'))
      before = { ...counts }
    },
  })
}

/** ms; how often the loop is looked at */
const loopLookMs = 10

/** How late the loop of a thread was since the last scrape; of several threads the worst counts. @returns ends it */
function measureLoopDelay(registers: Registry[]): () => void {
  const histogram = monitorEventLoopDelay({ resolution: loopLookMs })
  histogram.enable()
  new Gauge({
    name: 'gateway_event_loop_delay_seconds',
    help: 'How long a thread kept its calls waiting, since the last scrape; quantile 1 is the longest time.',
    labelNames: ['quantile'],
    registers,
    aggregator: 'max',
    collect() {
      // What is measured is from look to look: the pause between two looks is no delay.
      const delayOf = (ns: number) => Math.max(0, ns / 1e9 - loopLookMs / 1e3)
      for (const quantile of [0.5, 0.99])
        this.set({ quantile }, delayOf(histogram.percentile(quantile * 100)))
      this.set({ quantile: 1 }, delayOf(histogram.count === 0 ? 0 : histogram.max))
      histogram.reset()
    },
  })
  return () => histogram.disable()
}

export const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'])
