import { Counter, Gauge, type Registry } from 'prom-client'
import type { WatchedReport } from './health-watch.ts'

const labelNames = ['upstream', 'target'] as const

/** One series per published target: names that callers write never become labels. */
export function addHealthMetrics(registry: Registry, reports: readonly WatchedReport[]): void {
  const registers = [registry]
  const available = new Gauge({
    name: 'gateway_target_available',
    help: '1 while the target may get calls, be it slowly or on trial.',
    labelNames,
    registers,
  })
  const state = new Gauge({
    name: 'gateway_target_state',
    help: '1 for the state that the target is in; other states have no series.',
    labelNames: [...labelNames, 'state'],
    registers,
  })
  const ejections = new Counter({
    name: 'gateway_target_ejections_total',
    help: 'How often the target was ejected, failed trials included.',
    labelNames,
    registers,
  })
  const openings = new Counter({
    name: 'gateway_target_breaker_openings_total',
    help: 'How often the circuit breaker of the target opened, failed trials included.',
    labelNames,
    registers,
  })
  for (const report of reports) {
    const labels = { upstream: report.upstream, target: report.target }
    available.set(labels, Number(availableStates.has(report.state)))
    state.set({ ...labels, state: report.state }, 1)
    ejections.inc(labels, report.ejections)
    openings.inc(labels, report.openings)
  }
}

const availableStates: ReadonlySet<string> = new Set(['healthy', 'warming', 'half-open'])
