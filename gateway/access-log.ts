import { fstatSync } from 'node:fs'
import { levels } from 'pino'
import type { Exchange } from '../policies/policy.ts'
import { lineStart, openOutput } from '../registry/base/log.ts'
import type { Timing } from './handle.ts'
import type { ServedIdentity } from './served-identity.ts'
import type { ServedRoute } from './served-route.ts'
import { traceIdOf } from './trace.ts'

/**
 * One JSON line a call. What a caller wrote is kept out of it as far as it can be: no query, no header, no body, and of
 * the path only the template of its operation; a path that led nowhere is shown with long digits and keys hidden.
 *
 * The lines have the form of pino's but are put together here, field by field: what a call has in common with others,
 * its route and its caller, is made into text once. A general logger cost a tenth of all that a call costs.
 */
export interface AccessLog {
  write(x: Exchange, timing: Timing): void
  flush(): void
}

/**
 * A pipe takes 4 KiB at a time whole, so the lines of several threads do not run into each other. To a file, larger
 * pieces are written at once.
 */
const pipeBytes = 4_096
const fileBytes = 65_536

/** Longest time that a line waits for others. */
const flushMs = 100

/** Lines are gathered, as each write costs a trip to the kernel. */
export function openAccessLog(level: string, isOn: boolean): AccessLog {
  const stream = openOutput(false)
  const pieceBytes = fstatSync(1).isFile() ? fileBytes : pipeBytes
  const least = levels.values[level] ?? Number.POSITIVE_INFINITY
  let lines = ''
  let bytes = 0
  const handOver = () => {
    if (bytes > 0) stream.write(lines)
    lines = ''
    bytes = 0
  }
  const timer = setInterval(handOver, flushMs)
  timer.unref()
  return {
    write(x, timing) {
      const name = x.problem?.row.log ?? 'info'
      const ofLine = levels.values[name === 'debug' ? 'info' : name]!
      const isFault = ofLine >= levels.values.warn!
      if (ofLine < least || !(isOn || isFault)) return
      const line = accessLine(x, timing, ofLine, isFault)
      const length = Buffer.byteLength(line)
      if (bytes + length > pieceBytes) handOver()
      lines += line
      bytes += length
    },
    flush() {
      clearInterval(timer)
      handOver()
      try {
        stream.flushSync()
      } catch {
        // nowhere to write them: see openOutput
      }
    },
  }
}

const startOf = lineStart('access')

/** @param isFault whether the cause is worth a place in it */
export function accessLine(x: Exchange, timing: Timing, level: number, isFault: boolean): string {
  const { request, route, identity, problem, notes } = x
  let line = `${startOf(level)},"id":"${x.id}","trace":"${traceIdOf(x)}","ip":${text(request.ip)},"method":${text(request.method.slice(0, 16))}`
  line += route ? ofRoute(route as ServedRoute) : `,"path":${text(harmless(request.path || request.url))}`
  line += `,"status":${timing.status},"ms":${round(timing.totalMs)}`
  if (timing.upstreamMs !== undefined) line += `,"upstreamMs":${round(timing.upstreamMs)}`
  if (identity) line += ofIdentity(identity as ServedIdentity)
  if (x.target) line += `,"upstream":${text(x.upstream!.name)},"target":${text(x.target.id)}`
  if (x.attempt > 1) line += `,"attempts":${x.attempt}`
  if (problem) {
    line += `,"problem":"${problem.code}"`
    if (problem.note) line += `,"note":${text(problem.note)}`
    if (isFault && problem.cause !== undefined) line += `,"cause":${text(causeOf(problem.cause))}`
  }
  if (timing.isAborted) line += ',"isAborted":true'
  for (const name in notes) line += `,${text(name)}:${valueText(notes[name]!)}`
  return `${line}}\n`
}

/** As JSON. Most texts are the same from call to call, and short. */
function text(value: string): string {
  const found = texts.get(value)
  if (found !== undefined) return found
  const made = JSON.stringify(value)
  if (value.length > longestKept) return made
  if (texts.size >= mostKept) texts.clear()
  texts.set(value, made)
  return made
}
const texts = new Map<string, string>()
const mostKept = 5_000
const longestKept = 64

const valueText = (value: string | number | boolean) =>
  typeof value === 'string' ? text(value) : String(value)

/** The fields as they stand in a line. */
const asFields = (fields: object) => `,${JSON.stringify(fields).slice(1, -1)}`

function ofRoute(route: ServedRoute): string {
  route.line ??= asFields({
    api: route.apiName,
    version: route.versionName,
    operation: route.operation.id,
    path: route.operation.path,
  })
  return route.line
}

function ofIdentity(identity: ServedIdentity): string {
  identity.line ??= asFields({
    partner: identity.partnerId,
    application: identity.applicationId,
    credential: identity.credentialId,
    environment: identity.environment,
  })
  return identity.line
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
