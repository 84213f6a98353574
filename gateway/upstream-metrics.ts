import { Counter, Gauge, type Registry } from 'prom-client'
import type { RetryOutcome } from './retry-budget.ts'
import { type Cells, createHistograms } from './tally.ts'
import type { LiveUpstream } from './targets.ts'
import type { Ending } from './waiting.ts'

/** Seconds that a call waited for room: from a pause between two calls to the longest wait that can be set. */
const waitBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export interface UpstreamMetrics {
  /** Of a call that found no room at once. */
  waited(upstream: string, ending: Ending, waitedMs: number): void
  /** Of a call that might go to a second target. */
  retried(upstream: string, outcome: RetryOutcome): void
}

/**
 * Calls in flight and waiting, by upstream and target: labels are bounded by what is published. Each thread reads the
 * counts that all share, so the sum over threads is the highest of them.
 */
export function createUpstreamMetrics(
  registry: Registry,
  upstreams: () => Iterable<LiveUpstream>,
): UpstreamMetrics {
  const registers = [registry]
  new Gauge({
    registers,
    aggregator: 'max',
    name: 'gateway_upstream_requests_in_flight',
    help: 'Calls in flight at an upstream, WebSockets included.',
    labelNames: ['upstream'],
    collect() {
      this.reset()
      for (const { name, room } of upstreams()) this.set({ upstream: name }, room.inFlight())
    },
  })
  new Gauge({
    registers,
    aggregator: 'max',
    name: 'gateway_upstream_requests_waiting',
    help: 'Calls that wait for room at an upstream.',
    labelNames: ['upstream'],
    collect() {
      this.reset()
      for (const { name, room } of upstreams()) this.set({ upstream: name }, room.waiting())
    },
  })
  new Gauge({
    registers,
    aggregator: 'max',
    name: 'gateway_target_requests_in_flight',
    help: 'Calls in flight at a target, WebSockets included.',
    labelNames: ['upstream', 'target'],
    collect() {
      this.reset()
      for (const { name, targets } of upstreams())
        for (const target of targets) this.set({ upstream: name, target: target.id }, target.inFlight())
    },
  })
  const waits = new Counter({
    name: 'gateway_upstream_waits_total',
    help: 'Calls that found no room at once, by what became of them: served, full (too many waited), late (waited too long) or gone (the caller hung up).',
    labelNames: ['upstream', 'outcome'],
    registers,
  })
  const retries = new Counter({
    name: 'gateway_retries_total',
    help: 'Second tries of calls, by what came before: unsent (no byte was sent), failed (no answer) or answered (a status that is not passed on); over-budget: there was none, as the budget was used up.',
    labelNames: ['upstream', 'outcome'],
    registers,
  })
  const seconds = createHistograms<'upstream'>(
    [
      {
        name: 'gateway_upstream_wait_seconds',
        help: 'How long calls waited for room before they were served.',
        buckets: waitBuckets,
      },
    ],
    registry,
  )
  const counted = new Map<string, Cells>()

  return {
    retried(upstream, outcome) {
      retries.inc({ upstream, outcome })
    },
    waited(upstream, outcome, waitedMs) {
      waits.inc({ upstream, outcome })
      if (outcome !== 'served') return
      let cells = counted.get(upstream)
      if (!cells) {
        cells = seconds.cellsOf({ upstream })
        counted.set(upstream, cells)
      }
      seconds.observe(cells, 0, waitedMs / 1000)
    },
  }
}
