import type { Log } from '../registry/base/log.ts'
import type { SealedUpstream, Target } from '../registry/model.ts'
import { createTargetHealth, type HealthChange, type HealthRules } from './health.ts'
import type { HealthCells } from './health-cells.ts'
import type { HealthOf } from './targets.ts'

/** @returns what makes the health of a target, for one thread; every change is logged once, by the thread that made it */
export function createHealthOf(health: HealthCells, thread: number, log: Log): HealthOf {
  return (upstream, target, slot, fleet) =>
    createTargetHealth({
      health,
      thread,
      slot,
      fleet,
      rules: rulesOf(upstream),
      onChange: (change) => say(log, upstream, target, change),
    })
}

const rulesOf = ({ outliers, breaker, slowStartSeconds, retry }: SealedUpstream): HealthRules => ({
  outliers,
  breaker,
  slowStartSeconds,
  maxRetryAfterSeconds: retry.maxRetryAfterSeconds,
})

const texts: Record<HealthChange['state'], string> = {
  healthy: 'a target is healthy again',
  unhealthy: 'a target fails its checks and gets no calls',
  ejected: 'a target fails its calls and gets no more for a while',
  open: 'the circuit breaker of a target opened',
  held: 'a target asked to be left alone for a while',
}

function say(log: Log, upstream: SealedUpstream, target: Target, change: HealthChange) {
  const { state, reason, seconds } = change
  const about = { upstream: upstream.name, target: target.id, state, reason }
  const level = state === 'healthy' || state === 'held' ? 'info' : 'warn'
  log[level](
    { ...about, ...(seconds !== undefined && { seconds: Math.round(seconds * 10) / 10 }) },
    texts[state],
  )
}
