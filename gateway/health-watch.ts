import type { Log } from '../registry/base/log.ts'
import type { SealedUpstream } from '../registry/model.ts'
import type { TargetReport } from '../registry/upstream-health.ts'
import { cell, type HealthCells } from './health-cells.ts'
import { type CheckedTarget, createHealthChecks, type HealthChecks } from './health-checks.ts'
import { createHealthOf } from './health-log.ts'
import { probe } from './health-probe.ts'
import { reportOf } from './health-report.ts'
import type { SharedView } from './shared.ts'
import { outliersBySuccessRate, type Sample } from './success-rate.ts'
import { fleetOf, slotKey, slotOf } from './targets.ts'

/**
 * What is done about health once per process, by the main thread: active checks, the comparison of targets by their
 * success, and telling others.
 */
export interface HealthWatch {
  /** These upstreams are in force. */
  follow(upstreams: readonly SealedUpstream[], slots: ReadonlyMap<string, number>): void
  /** All targets, those with something to tell first. */
  report(): WatchedReport[]
  end(): void
}

export interface WatchedReport extends TargetReport {
  readonly upstream: string
  /** How often it was taken out since the gateway knows it. */
  readonly ejections: number
  readonly openings: number
}

export interface HealthWatchParts {
  readonly health: HealthCells
  readonly view: Pick<SharedView, 'count'>
  readonly log: Log
  readonly checks?: HealthChecks
}

interface Watched extends CheckedTarget {
  readonly slot: number
}

/** Success rates are compared at the settings' interval, which is looked at so often. ms */
const tickMs = 1_000

export function createHealthWatch({
  health,
  view,
  log,
  checks = createHealthChecks(probe),
}: HealthWatchParts): HealthWatch {
  const healthOf = createHealthOf(health, noThread, log)
  const rates = createRates(health)
  const urls = new Map<string, string>()
  let watched: Watched[] = []
  const ticking = setInterval(() => rates.compare(watched), tickMs).unref()

  return {
    follow(upstreams, slots) {
      watched = upstreams.flatMap((upstream) => {
        const fleet = fleetOf(upstream, slots)
        return upstream.targets.map((target) => {
          const slot = slotOf(upstream, target, slots)
          const key = slotKey(upstream, target)
          return { key, upstream, target, slot, health: healthOf(upstream, target, slot, fleet) }
        })
      })
      for (const { key, target, slot } of watched) {
        // Another address under the same name: what is known is of the old one.
        if ((urls.get(key) ?? target.url) !== target.url) health.reset(slot)
      }
      urls.clear()
      for (const { key, target } of watched) urls.set(key, target.url)
      checks.follow(watched)
    },
    report() {
      const now = Date.now()
      return watched
        .map(({ upstream, target, slot, health: own }) => {
          own.weightFactor() // ends a slow start that is over: where no calls come nobody else does
          return {
            upstreamId: upstream.id,
            upstream: upstream.name,
            target: target.id,
            ...reportOf(health, slot, target.isDraining, now),
            inFlight: view.count(slot),
            ejections: Atomics.load(health.cells, health.at(slot) + cell.ejections),
            openings: Atomics.load(health.cells, health.at(slot) + cell.openings),
          }
        })
        .sort(
          (a, b) => Number(a.state === 'healthy') - Number(b.state === 'healthy') || b.inFlight - a.inFlight,
        )
    },
    end() {
      clearInterval(ticking)
      checks.end()
    },
  }
}

/** The main thread serves no calls, so it never tries a target. */
const noThread = -1

function createRates({ cells, at }: HealthCells) {
  const last = new Map<string, { comparedAt: number; counts: Map<string, Sample> }>()

  const countsOf = (slot: number): Sample => {
    const read = (index: number) => Atomics.load(cells, at(slot) + index)
    const good = read(cell.good)
    return { good, calls: (good + read(cell.serverErrors) + read(cell.gatewayFailures)) | 0 }
  }

  function compareTargets(targets: readonly Watched[], { outliers }: SealedUpstream, now: number) {
    const rule = outliers?.successRate
    const { id } = targets[0]!.upstream
    if (!rule) return void last.delete(id)
    const before = last.get(id)
    if (before && now - before.comparedAt < rule.intervalSeconds * 1_000) return
    const counts = new Map(targets.map(({ key, slot }) => [key, countsOf(slot)]))
    last.set(id, { comparedAt: now, counts })
    if (!before) return
    const samples = targets.map(({ key }): Sample => {
      const [old, current] = [before.counts.get(key), counts.get(key)!]
      // Counts wrap around; a target that is new, or began anew, is compared the next time.
      const calls = old ? (current.calls - old.calls) | 0 : 0
      return { calls, good: old ? (current.good - old.good) | 0 : 0 }
    })
    for (const index of outliersBySuccessRate(samples, rule)) targets[index]!.health.eject('success-rate')
  }

  return {
    compare(watched: readonly Watched[], now = performance.now()) {
      const byUpstream = Map.groupBy(watched, ({ upstream }) => upstream.id)
      for (const targets of byUpstream.values()) compareTargets(targets, targets[0]!.upstream, now)
      for (const id of last.keys()) if (!byUpstream.has(id)) last.delete(id)
    },
  }
}
