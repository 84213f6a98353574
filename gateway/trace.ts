import { randomBytes } from 'node:crypto'
import type { Exchange, Trace } from '../policies/policy.ts'
import type { ProblemCode } from '../registry/base/problem.ts'
import type { CallerRequest } from './caller.ts'
import { type NetworkSet, plainAddress } from './client-address.ts'
import type { LiveTarget } from './targets.ts'

/**
 * W3C Trace Context: which trace a call belongs to, and what is said of it to the service.
 *
 * A caller's trace is kept, otherwise one begins here: its id is the request id without dashes. While nothing is recorded
 * the caller's `traceparent` goes on as it came. A call that is recorded (see trace-export.ts) has `x.trace`, and each
 * attempt tells the target the id of its own span.
 */

interface Given {
  readonly traceId: string
  readonly parentId: string
  readonly flags: number
  /** As it is sent on when nothing is recorded. */
  readonly text: string
}

const pattern = /^([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const sampledFlag = 1
const randomFlag = 2

/** What the caller says, if it is valid. Of a later version of the standard the part that is known is taken. */
function givenBy(x: Exchange): Given | undefined {
  const header = x.request.headers.traceparent
  if (header === undefined) return undefined
  const [text, version, traceId, parentId, flagsText, more] = pattern.exec(header as string) ?? []
  if (text === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined
  const flags = Number.parseInt(flagsText!, 16)
  const isKnown = version === '00'
  return {
    traceId: traceId!,
    parentId: parentId!,
    flags,
    text: isKnown ? text : format(traceId!, parentId!, flags & (sampledFlag | randomFlag)),
  }
}

const format = (traceId: string, parentId: string, flags: number) => `00-${traceId}-${parentId}-0${flags}`
const ownTraceId = ({ id }: Exchange) =>
  id.slice(0, 8) + id.slice(9, 13) + id.slice(14, 18) + id.slice(19, 23) + id.slice(24)
const ownSpanId = ({ id }: Exchange) => id.slice(19, 23) + id.slice(24)

/** Header of the attempt that is being shaped. */
export function traceparentOf(x: Exchange): string {
  const { trace } = x
  if (trace) {
    trace.nextSpanId = randomBytes(8).toString('hex')
    return format(trace.traceId, trace.nextSpanId, trace.flags)
  }
  if (x.traceparent === '') x.traceparent = givenBy(x)?.text ?? format(ownTraceId(x), ownSpanId(x), 0)
  return x.traceparent
}

/** Belongs to the trace that the caller named: nothing without that. */
export function tracestateOf(x: Exchange): string | undefined {
  const state = x.request.headers.tracestate as string | undefined
  return state !== undefined && givenBy(x) ? state : undefined
}

export const traceIdOf = (x: Exchange): string => x.trace?.traceId ?? traceparentOf(x).slice(3, 35)

export interface Sampling {
  /** Share of the calls whose caller has not decided, 0 to 1. */
  readonly ratio: number
  /** Whose `sampled` flag is followed. A stranger's would let it decide how much is recorded. */
  readonly trust: 'nobody' | 'proxies' | 'everyone'
  readonly isTrustedProxy: NetworkSet
}

/** Decides at the head of a call whether it is recorded; sets `x.trace` or `x.traceparent`. */
export function createTraceStart({ ratio, trust, isTrustedProxy }: Sampling) {
  const isBelieved = (req: CallerRequest) =>
    trust === 'everyone' || (trust === 'proxies' && isTrustedProxy(plainAddress(req.socket.remoteAddress)))
  return function begin(x: Exchange, req: CallerRequest): void {
    const given = givenBy(x)
    const wasSampled = given !== undefined && (given.flags & sampledFlag) === sampledFlag
    // By chance, not by the trace id: a caller can choose that.
    const isSampled = given && isBelieved(req) ? wasSampled : Math.random() < ratio
    const random = given ? given.flags & randomFlag : 0
    const traceId = given?.traceId ?? ownTraceId(x)
    if (isSampled) x.trace = newTrace(traceId, ownSpanId(x), given?.parentId, random | sampledFlag)
    // Whoever changes the flag must put an id of its own beside it.
    else x.traceparent = given && !wasSampled ? given.text : format(traceId, ownSpanId(x), random)
  }
}

const newTrace = (traceId: string, spanId: string, parentId: string | undefined, flags: number): Trace => ({
  traceId,
  spanId,
  parentId,
  flags,
  nextSpanId: '',
  attempts: [],
})

/** The target is chosen, and the call goes out to it. */
export function attemptStarts({ trace, upstream }: Exchange, target: LiveTarget): void {
  if (!trace) return
  trace.attempts.push({
    spanId: trace.nextSpanId,
    upstream: upstream?.name ?? '',
    target: target.id,
    url: target.url,
    startMs: performance.now(),
    endMs: undefined,
    problem: undefined,
  })
}

export function attemptFailed({ trace }: Exchange, problem: ProblemCode): void {
  const attempt = trace?.attempts.at(-1)
  if (!attempt) return
  attempt.endMs = performance.now()
  attempt.problem = problem
}
