import type { Exchange } from '../../policies/policy.ts'
import type { Timing } from '../handle.ts'
import { createCallSample } from './call-sample.ts'
import { createTrafficCounts } from './counts.ts'
import type { ThreadTraffic } from './messages.ts'

export interface ThreadTrafficParts {
  /** Most calls a second that this thread logs; 0: none. */
  readonly callsPerSecond: number
  readonly inFlight: () => number
  readonly say: (traffic: ThreadTraffic) => void
}

/** Counts what one thread serves and tells it each second. */
export function createThreadTraffic({ callsPerSecond, inFlight, say }: ThreadTrafficParts) {
  const counts = createTrafficCounts()
  const sample = callsPerSecond > 0 ? createCallSample(callsPerSecond) : undefined
  const tell = (endMs: number) =>
    say({ endMs, series: counts.take(), calls: sample?.take() ?? [], inFlight: inFlight() })
  let timer: NodeJS.Timeout
  // At the beginnings of seconds, so that those of several gateways are the same.
  const plan = () => {
    const now = Date.now()
    timer = setTimeout(
      () => {
        tell(Math.floor(Date.now() / 1_000) * 1_000)
        plan()
      },
      1_000 - (now % 1_000),
    )
    timer.unref()
  }
  plan()
  return {
    observe(x: Exchange, timing: Timing) {
      counts.observe(x, timing)
      sample?.observe(x, timing)
    },
    /** Tells what is left. */
    end() {
      clearTimeout(timer)
      tell(Math.ceil(Date.now() / 1_000) * 1_000)
    },
  }
}
