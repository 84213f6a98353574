import type { Exchange } from '../../policies/policy.ts'
import type { LoggedCall } from '../../registry/traffic/requests.ts'
import { harmless } from '../access-log.ts'
import type { Timing } from '../handle.ts'
import { traceIdOf } from '../trace.ts'
import { stoppedBy } from './stopped-by.ts'

/** A call as a thread tells it: the main thread adds which gateway it was. */
export type SampledCall = Omit<LoggedCall, 'gateway'>

export interface CallSample {
  observe(x: Exchange, timing: Timing): void
  /** The calls kept since they were last taken, in the order in which they ended; not more than so many. */
  take(): SampledCall[]
}

/**
 * A fair choice of the calls of a second: refusals and errors first, the others in the places that are left. While there
 * is room for all, all are kept. Only a call that is chosen is written down.
 */
export function createCallSample(most: number, random: () => number = Math.random): CallSample {
  const faults = reservoir(most, random)
  const others = reservoir(most, random)
  return {
    observe(x, timing) {
      const isFault =
        x.problem !== undefined || timing.status >= 400 || timing.status === 0 || timing.isAborted
      ;(isFault ? faults : others).offer(x, timing)
    },
    take() {
      const first = faults.take()
      const room = Math.max(0, most - first.length)
      return [...first, ...others.take().slice(0, room)].sort((a, b) => a.at + a.ms - (b.at + b.ms))
    },
  }
}

/** Each of the calls offered is kept with the same chance, however many they are. */
function reservoir(most: number, random: () => number) {
  let seen = 0
  let kept: SampledCall[] = []
  return {
    offer(x: Exchange, timing: Timing) {
      const place = seen < most ? seen : Math.floor(random() * (seen + 1))
      seen++
      if (place < most) kept[place] = describe(x, timing)
    },
    take() {
      const taken = kept
      seen = 0
      kept = []
      return taken
    },
  }
}

const round = (ms: number) => Math.round(ms * 1_000) / 1_000

function describe(x: Exchange, timing: Timing): SampledCall {
  const { request, route, identity, problem } = x
  return {
    id: x.id,
    at: x.startedAt,
    environment: x.environment,
    method: request.method.slice(0, 16),
    path: route?.template ?? harmless(request.path || request.url),
    api: route?.apiId ?? '',
    version: route?.versionId ?? '',
    operation: route?.operation.id ?? '',
    partner: identity?.partnerId ?? '',
    application: identity?.applicationId ?? '',
    credential: identity?.credentialId ?? '',
    plan: (route && identity?.subscriptions.get(route.versionId)?.planId) ?? '',
    status: timing.status,
    ms: round(timing.totalMs),
    upstreamMs: timing.upstreamMs === undefined ? null : round(timing.upstreamMs),
    upstream: timing.upstreamMs === undefined ? '' : x.upstream!.id,
    target: x.target?.id ?? '',
    tried: x.tried.map(({ id }) => id),
    attempts: x.attempt,
    problem: problem?.code ?? '',
    stoppedBy: stoppedBy(x),
    note: problem?.note ?? '',
    trace: traceIdOf(x),
    ip: request.ip,
    isAborted: timing.isAborted,
  }
}
