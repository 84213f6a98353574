import type { SealedUpstream, Target } from '../registry/model.ts'
import type { ActiveCheck } from '../registry/upstream-health.ts'
import type { TargetHealth } from './health.ts'
import type { Finding, ProbeTarget } from './health-probe.ts'

/** The active checks of a process: one loop per target that has them, whatever the number of threads. */
export interface HealthChecks {
  /** Checks these targets from now on, and no others. What goes on unchanged keeps its counts. */
  follow(targets: readonly CheckedTarget[]): void
  end(): void
}

export interface CheckedTarget {
  /** Upstream and target id. */
  readonly key: string
  readonly upstream: SealedUpstream
  readonly target: Target
  readonly health: TargetHealth
}

/** The first check comes within this time: what is down at the start should be known soon. ms */
const firstWithinMs = 1_000

interface Loop {
  readonly settings: string
  health: TargetHealth
  timer: NodeJS.Timeout
  isEnded: boolean
  /** Results in a row that are the same, and what they were. */
  run: number
  lastPassed: boolean | undefined
}

export function createHealthChecks(
  probe: (target: ProbeTarget) => Promise<Finding>,
  random: () => number = Math.random,
): HealthChecks {
  const loops = new Map<string, Loop>()

  function begin({ upstream, target, health }: CheckedTarget, check: ActiveCheck, settings: string): Loop {
    const loop: Loop = {
      settings,
      health,
      timer: setTimeout(look, random() * Math.min(check.intervalMs, firstWithinMs)),
      isEnded: false,
      run: 0,
      lastPassed: undefined,
    }
    const { protocol, caCertificate } = upstream
    async function look() {
      const finding = await probe({ url: target.url, protocol, check, caCertificate })
      if (loop.isEnded) return
      judge(loop, check, finding)
      loop.timer = setTimeout(look, check.intervalMs)
    }
    return loop
  }

  const end = (key: string, loop: Loop) => {
    loop.isEnded = true
    clearTimeout(loop.timer)
    loops.delete(key)
  }

  return {
    follow(targets) {
      const gone = new Map(loops)
      for (const checked of targets) {
        const { activeCheck: check, protocol, caCertificate } = checked.upstream
        const loop = loops.get(checked.key)
        if (!check) {
          if (loop) checked.health.setChecked(true, 'check-removed')
          continue
        }
        gone.delete(checked.key)
        const settings = JSON.stringify([checked.target.url, protocol, caCertificate, check])
        if (loop?.settings === settings) {
          loop.health = checked.health
          continue
        }
        if (loop) end(checked.key, loop)
        loops.set(checked.key, begin(checked, check, settings))
      }
      for (const [key, loop] of gone) end(key, loop)
    },
    end() {
      for (const [key, loop] of loops) end(key, loop)
    },
  }
}

/** As often in a row as the settings want it, and said again each time after: another state may have come between. */
function judge(loop: Loop, check: ActiveCheck, finding: Finding) {
  const hasPassed = finding === undefined
  loop.run = loop.lastPassed === hasPassed ? loop.run + 1 : 1
  loop.lastPassed = hasPassed
  if (hasPassed && loop.run >= check.healthyThreshold) loop.health.setChecked(true, 'check-passed')
  if (!hasPassed && loop.run >= check.unhealthyThreshold) loop.health.setChecked(false, finding)
}
