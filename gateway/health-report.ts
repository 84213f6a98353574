import type { TargetReport, TargetState } from '../registry/upstream-health.ts'
import {
  cell,
  EJECTED,
  HELD,
  type HealthCells,
  ON_TRIAL,
  OPEN,
  reasons,
  UNHEALTHY,
  WARMING,
} from './health-cells.ts'

/**
 * What is known of a target, for people. Several things may be wrong with it; said is the one that lasts longest by
 * nature: a drain until somebody ends it, failed checks until they pass, the rest for a time.
 * @param now ms since the epoch
 */
export function reportOf(
  health: HealthCells,
  slot: number,
  isDraining: boolean,
  now: number,
): Pick<TargetReport, 'state' | 'reason' | 'since' | 'until'> {
  const { cells } = health
  const at = health.at(slot)
  const read = (name: keyof typeof cell) => Atomics.load(cells, at + cell[name])
  const tenths = health.tenths()
  const wallTime = (moment: number) => Math.round(now + (moment - tenths) * 100)
  const flags = read('flags')
  const say = (state: TargetState, until = 0) => ({
    state,
    reason: reasons[read('reason')] ?? '',
    since: wallTime(read('since')),
    until: until > tenths ? wallTime(until) : null,
  })
  if (isDraining) return { ...say('draining'), reason: 'drained' }
  if (flags & UNHEALTHY)
    return {
      ...say('unhealthy'),
      reason: reasons[read('checkReason')] ?? '',
      since: wallTime(read('checkedOutAt')),
    }
  if (flags & ON_TRIAL) {
    const until = Math.max(flags & EJECTED ? read('ejectedUntil') : 0, flags & OPEN ? read('openUntil') : 0)
    if (until <= tenths) return say('half-open')
    return say(flags & OPEN ? 'open' : 'ejected', until)
  }
  if (flags & HELD && read('heldUntil') > tenths)
    return { ...say('held', read('heldUntil')), reason: 'retry-after', since: wallTime(read('heldAt')) }
  return say(flags & WARMING ? 'warming' : 'healthy')
}
