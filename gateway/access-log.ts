import { destination } from 'pino'
import type { Exchange } from '../policies/policy.ts'
import { createPlainLog, type Log } from '../registry/base/log.ts'
import type { Timing } from './handle.ts'

/**
 * One JSON line a call. What a caller wrote is kept out of it as far as it can be: no query, no header, no body, and of
 * the path only the template of its operation; a path that led nowhere is shown with long digits and keys hidden.
 */
export interface AccessLog {
  write(x: Exchange, timing: Timing): void
  flush(): void
}

/**
 * Lines are gathered for some milliseconds and written up to 4 KiB at a time: a pipe takes so much at once, so the lines
 * of several threads do not run into each other.
 */
export function openAccessLog(level: string, isOn: boolean): AccessLog {
  const stream = destination({ fd: 1, sync: false, minLength: 2_048, maxWrite: 4_096 })
  const log = createPlainLog('access', level, stream)
  const timer = setInterval(() => stream.flush(), 100)
  timer.unref()
  return {
    write: (x, timing) => writeLine(log, isOn, x, timing),
    flush() {
      clearInterval(timer)
      stream.flushSync()
    },
  }
}

function writeLine(log: Log, isOn: boolean, x: Exchange, timing: Timing) {
  const level = x.problem?.row.log ?? 'info'
  const isFault = level === 'warn' || level === 'error'
  if (!isOn && !isFault) return
  const { route, identity, problem } = x
  log[level === 'debug' ? 'info' : level]({
    id: x.id,
    ip: x.request.ip,
    method: x.request.method.slice(0, 16),
    ...(route
      ? {
          api: route.apiName,
          version: route.versionName,
          operation: route.operation.id,
          path: route.operation.path,
        }
      : { path: harmless(x.request.path || x.request.url) }),
    status: timing.status,
    ms: round(timing.totalMs),
    ...(timing.upstreamMs !== undefined && { upstreamMs: round(timing.upstreamMs) }),
    ...(identity && {
      partner: identity.partnerId,
      application: identity.applicationId,
      credential: identity.credentialId,
      environment: identity.environment,
    }),
    ...(x.target && { upstream: x.upstream?.name, target: x.target.id }),
    ...(x.attempt > 1 && { attempts: x.attempt }),
    ...(problem && { problem: problem.code }),
    ...(problem?.note && { note: problem.note }),
    ...(isFault && problem?.cause !== undefined && { cause: causeOf(problem.cause) }),
    ...(timing.isAborted && { isAborted: true }),
    ...x.notes,
  })
}

const round = (ms: number) => Math.round(ms * 1000) / 1000

function causeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return harmless(String(cause))
  const code = (cause as { code?: unknown }).code
  const text = `${cause.name}${typeof code === 'string' ? ` ${code}` : ''}: ${harmless(cause.message)}`
  // An error of the code itself is worth its place in it; one of the network is not.
  return code === undefined && cause.stack ? `${text} ${cause.stack.split('\n')[1]?.trim() ?? ''}` : text
}

/** Without what may be a card number, an account number, a key or a token. */
export function harmless(text: string): string {
  return text
    .split('?')[0]!
    .slice(0, 300)
    .replace(/\d(?:[ -]?\d){7,}/g, '[digits]')
    .replace(/[A-Za-z0-9_-]{20,}/g, '[hidden]')
}
