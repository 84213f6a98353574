import type { CircuitBreaker, OutlierEjection } from '../registry/upstream-health.ts'
import {
  BLOCKING,
  cell,
  EJECTED,
  HELD,
  type HealthCells,
  ON_TRIAL,
  OPEN,
  type Reason,
  reasons,
  UNHEALTHY,
  WARMING,
} from './health-cells.ts'

/**
 * The health of one target: what calls and checks say goes in, whether it may get calls comes out. All threads work on
 * the same cells without locks: a bit of the flags is set by whoever is first, who also says so in the log.
 *
 *   healthy --failures--> ejected or open --time--> half-open --one call--> healthy, starting slowly; or out for longer
 *   healthy --checks fail--> unhealthy --checks pass--> healthy, starting slowly
 */
export interface TargetHealth {
  isAvailable(): boolean
  isBarred(): boolean
  weightFactor(): number
  /**
   * Whether a call may go there, and as what. A trial must be ended, by `settleTrial` or `endTrial`.
   * @param anyway although it is not available
   */
  admit(anyway: boolean): 'yes' | 'no' | 'trial'
  /** What became of a call. @param status of the answer; 0: none came */
  report(status: number, retryAfterSeconds?: number): void
  /** What became of the call on trial. */
  settleTrial(status: number): void
  /** The trial ended without saying anything, or before it began. */
  endTrial(): void
  /** Takes it out, unless too many are already. */
  eject(reason: Reason): void
  /** What the active checks found. Only the main thread checks. */
  setChecked(isHealthy: boolean, reason: Reason): void
}

export interface HealthRules {
  readonly outliers: OutlierEjection | null
  readonly breaker: CircuitBreaker | null
  readonly slowStartSeconds: number
  readonly maxRetryAfterSeconds: number
}

export interface HealthChange {
  readonly state: 'healthy' | 'unhealthy' | 'ejected' | 'open' | 'held'
  readonly reason: Reason
  /** How long it lasts, where that is settled. */
  readonly seconds?: number
}

export interface TargetHealthParts {
  readonly health: HealthCells
  readonly thread: number
  readonly slot: number
  /** Slots of the upstream's targets that do not drain. */
  readonly fleet: readonly number[]
  readonly rules: HealthRules
  readonly onChange: (change: HealthChange) => void
  /** From 0 to below 1. */
  readonly random?: () => number
}

/** Times are stretched by up to this share, so that gateways do not all come back at once. */
const jitter = 0.1
const leastWeight = 0.1

export function createTargetHealth(parts: TargetHealthParts): TargetHealth {
  const { health, thread, slot, fleet, rules, onChange, random = Math.random } = parts
  const { cells, tenths } = health
  const at = health.at(slot) // that of the flags
  const goodAt = at + cell.good
  const runAt = at + cell.run
  const read = (name: keyof typeof cell) => Atomics.load(cells, at + cell[name])
  const write = (name: keyof typeof cell, value: number) => Atomics.store(cells, at + cell[name], value)
  const count = (name: keyof typeof cell) => Atomics.add(cells, at + cell[name], 1) + 1
  const set = (bit: number) => Atomics.or(cells, at, bit)
  const clear = (bits: number) => Atomics.and(cells, at, ~bits)

  /** Whether the time of what it was taken out for is over. */
  function isDue(flags: number): boolean {
    const now = tenths()
    if (flags & EJECTED && now < read('ejectedUntil')) return false
    return !(flags & OPEN) || now >= read('openUntil')
  }

  function isHeld(flags: number): boolean {
    if (!(flags & HELD)) return false
    if (tenths() < read('heldUntil')) return true
    clear(HELD)
    return false
  }

  /** @returns for how many seconds; 0 when another thread did it already */
  function takeOut(bit: number, reason: Reason): number {
    const { seconds, times } = timeOut(bit, read('times') - timesForgiven(bit))
    write(bit === OPEN ? 'openUntil' : 'ejectedUntil', tenths() + Math.ceil(seconds * 10))
    if (set(bit) & bit) return 0
    if (bit === EJECTED && !isEjectionAllowed()) {
      clear(EJECTED) // another one went out in the same moment
      return 0
    }
    write('times', times)
    note(reason)
    count(bit === OPEN ? 'openings' : 'ejections')
    return seconds
  }

  function timeOut(bit: number, before: number) {
    const times = Math.max(0, before) + 1
    const [base, longest] = span(bit)
    return { times, seconds: Math.min(base * times, longest) * (1 + random() * jitter) }
  }

  /** Every time as long as an ejection that it was well makes one ejection undone. */
  function timesForgiven(bit: number): number {
    const recoveredAt = read('recoveredAt')
    return recoveredAt === 0 ? 0 : Math.floor((tenths() - recoveredAt) / (span(bit)[0] * 10))
  }

  const span = (bit: number): [base: number, longest: number] =>
    bit === OPEN
      ? [rules.breaker?.openSeconds ?? 0, rules.breaker?.maxOpenSeconds ?? 0]
      : [rules.outliers?.ejectionSeconds ?? 0, rules.outliers?.maxEjectionSeconds ?? 0]

  function note(reason: Reason) {
    write('since', tenths())
    write('reason', reasons.indexOf(reason))
  }

  /** With this one counted as ejected. */
  function isEjectionAllowed(): boolean {
    let ejected = 1
    let others = 0
    for (const other of fleet) {
      if (other === slot) continue
      const flags = Atomics.load(cells, health.at(other))
      if (flags & EJECTED) ejected++
      if ((flags & BLOCKING) === 0) others++
    }
    const most = Math.floor((fleet.length * (rules.outliers?.maxEjectedPercent ?? 0)) / 100)
    return others > 0 && ejected <= Math.max(1, most)
  }

  function eject(reason: Reason) {
    if (Atomics.load(cells, at) & EJECTED || !rules.outliers || !isEjectionAllowed()) return
    const seconds = takeOut(EJECTED, reason)
    if (seconds > 0) onChange({ state: 'ejected', reason, seconds })
  }

  /** Counts only when something fails: the window begins with a failure, and what went well since then is known anyhow. */
  function judgeBreaker(breaker: CircuitBreaker) {
    const good = read('good') + read('serverErrors')
    const bad = read('gatewayFailures')
    const begun = read('windowAt')
    const now = tenths()
    if (begun === 0 || now - begun > breaker.windowSeconds * 10) {
      if (Atomics.compareExchange(cells, at + cell.windowAt, begun, now) !== begun) return
      write('windowGood', good)
      write('windowBad', bad - 1)
    }
    const failed = (bad - read('windowBad')) | 0
    const calls = failed + ((good - read('windowGood')) | 0)
    if (calls < breaker.minimumCalls || failed * 100 < breaker.failurePercent * calls) return
    const seconds = takeOut(OPEN, 'breaker')
    if (seconds > 0) onChange({ state: 'open', reason: 'breaker', seconds })
  }

  function hold(seconds: number) {
    const wanted = Math.min(seconds, rules.maxRetryAfterSeconds)
    if (!(wanted > 0)) return
    write('heldUntil', Math.max(read('heldUntil'), tenths() + Math.ceil(wanted * 10)))
    if (set(HELD) & HELD) return
    write('heldAt', tenths())
    onChange({ state: 'held', reason: 'retry-after', seconds: wanted })
  }

  function comeBack(reason: Reason, bits: number) {
    write('run', 0)
    write('gatewayRun', 0)
    write('windowAt', 0)
    write('recoveredAt', tenths())
    if (rules.slowStartSeconds > 0) set(WARMING)
    if (!(clear(bits) & bits)) return
    note(reason)
    onChange({ state: 'healthy', reason })
  }

  /** Out again, for longer. Where the settings do not have that any more, it is back. */
  function rejectTrial(flags: number) {
    const bit = flags & OPEN && rules.breaker ? OPEN : flags & EJECTED && rules.outliers ? EJECTED : 0
    if (bit === 0) return comeBack('trial-passed', ON_TRIAL)
    const { seconds, times } = timeOut(bit, read('times'))
    write(bit === OPEN ? 'openUntil' : 'ejectedUntil', tenths() + Math.ceil(seconds * 10))
    write('times', times)
    note('trial-failed')
    count(bit === OPEN ? 'openings' : 'ejections')
    onChange({ state: bit === OPEN ? 'open' : 'ejected', reason: 'trial-failed', seconds })
  }

  function countCall(status: number): { isFailure: boolean; isGatewayFailure: boolean } {
    if (status !== 0 && status < 500) {
      Atomics.add(cells, goodAt, 1)
      if (Atomics.load(cells, runAt) !== 0) {
        write('run', 0)
        write('gatewayRun', 0)
      }
      return ended
    }
    const isGatewayFailure = status === 0 || (status >= 502 && status <= 504)
    count('run')
    count(isGatewayFailure ? 'gatewayFailures' : 'serverErrors')
    if (isGatewayFailure) count('gatewayRun')
    else write('gatewayRun', 0)
    return isGatewayFailure ? failed : erred
  }

  return {
    isAvailable() {
      const flags = Atomics.load(cells, at)
      if ((flags & BLOCKING) === 0) return true
      if (flags & UNHEALTHY || isHeld(flags)) return false
      return !(flags & ON_TRIAL) || (isDue(flags) && read('trial') === 0)
    },
    isBarred() {
      const flags = Atomics.load(cells, at)
      return (flags & OPEN) !== 0 && !(isDue(flags) && read('trial') === 0)
    },
    weightFactor() {
      if (!(Atomics.load(cells, at) & WARMING)) return 1
      const share = (tenths() - read('recoveredAt')) / (rules.slowStartSeconds * 10)
      if (share < 1) return Math.max(leastWeight, share)
      clear(WARMING)
      return 1
    },
    admit(anyway) {
      const flags = Atomics.load(cells, at)
      if ((flags & BLOCKING) === 0) return 'yes'
      if ((flags & UNHEALTHY || isHeld(flags)) && !anyway) return 'no'
      if (!(flags & ON_TRIAL)) return 'yes'
      if (isDue(flags)) {
        const isFree = Atomics.compareExchange(cells, at + cell.trial, 0, thread + 1) === 0
        if (isFree) return 'trial'
      }
      return anyway && !(flags & OPEN) ? 'yes' : 'no'
    },
    report(status, retryAfterSeconds = 0) {
      const { isFailure, isGatewayFailure } = countCall(status)
      if (!isFailure) return
      if (status === 503) hold(retryAfterSeconds)
      const { outliers, breaker } = rules
      if (outliers) {
        if (reaches(read('gatewayRun'), outliers.consecutiveGatewayFailures))
          eject('consecutive-gateway-failures')
        else if (reaches(read('run'), outliers.consecutive5xx)) eject('consecutive-5xx')
      }
      if (isGatewayFailure && breaker && !(Atomics.load(cells, at) & OPEN)) judgeBreaker(breaker)
    },
    settleTrial(status) {
      const flags = Atomics.load(cells, at)
      const { isFailure, isGatewayFailure } = countCall(status)
      // Such an answer opens no breaker, so it keeps none open.
      const isRefused = isGatewayFailure || (flags & EJECTED && rules.outliers?.consecutive5xx)
      if (isFailure && isRefused) rejectTrial(flags)
      else comeBack('trial-passed', ON_TRIAL)
    },
    endTrial() {
      Atomics.compareExchange(cells, at + cell.trial, thread + 1, 0)
    },
    eject,
    setChecked(isHealthy, reason) {
      if (!isHealthy) {
        if (Atomics.load(cells, at) & UNHEALTHY) return
        write('checkedOutAt', tenths())
        write('checkReason', reasons.indexOf(reason))
        set(UNHEALTHY)
        return onChange({ state: 'unhealthy', reason })
      }
      // What passes checks need not wait, but its calls have the last word: once they gainsaid the checks, it waits.
      if (Atomics.load(cells, at) & ON_TRIAL && read('times') <= 1) {
        write('ejectedUntil', 0)
        write('openUntil', 0)
      }
      if (Atomics.load(cells, at) & UNHEALTHY) comeBack(reason, UNHEALTHY)
    },
  }
}

const reaches = (run: number, threshold: number) => threshold > 0 && run >= threshold

const ended = { isFailure: false, isGatewayFailure: false }
const erred = { isFailure: true, isGatewayFailure: false }
const failed = { isFailure: true, isGatewayFailure: true }
