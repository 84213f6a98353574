import { hostname } from 'node:os'
import { type DestinationStream, destination, type Logger, pino } from 'pino'

export type Log = Logger

/** Fields that may hold a secret: their values never reach a log, at any of these depths. */
const secretFields = [
  'authorization',
  'cookie',
  '["set-cookie"]',
  '["x-api-key"]',
  '["proxy-authorization"]',
  'password',
  'secret',
  'token',
  'key',
  'apiKey',
  'clientSecret',
  'client_secret',
  'access_token',
]

/**
 * A logger of JSON lines. Writes to file descriptor 1 itself: in a worker thread `process.stdout` would pass through
 * the main thread.
 */
export function createLog(name: string, level: string, stream?: DestinationStream): Log {
  const paths = secretFields.flatMap((f) =>
    f.startsWith('[') ? [f, `*${f}`, `*.*${f}`] : [f, `*.${f}`, `*.*.${f}`],
  )
  const redact = { paths, censor: '[hidden]' }
  return pino({ name, level, redact, timestamp }, stream ?? openOutput(true))
}

const mostWaitingBytes = 1_048_576

/** Standard output. A full disk behind it costs lines, and neither the process nor its memory. */
export function openOutput(isSync: boolean) {
  const stream = destination({ fd: 1, sync: isSync, maxLength: mostWaitingBytes })
  return stream.on('error', () => {}) // what could not be written is tried again with the next line
}

/**
 * How a line of pino's begins, for lines that are put together by hand; each field of them is chosen by the code that
 * writes them. Searching every line of the access log for secrets cost a third of all that a call costs.
 */
export function lineStart(name: string): (level: number) => string {
  const fixed = JSON.stringify({ pid: process.pid, hostname: hostname(), name }).slice(1, -1)
  return (level) => `{"level":${level}${timestamp()},${fixed}`
}

let second = -1
let secondText = ''

/** ISO 8601, of which all but the milliseconds is made once a second: lines are written at every call. */
function timestamp(): string {
  const now = Date.now()
  const current = Math.floor(now / 1_000)
  if (current !== second) {
    second = current
    secondText = `,"time":"${new Date(current * 1_000).toISOString().slice(0, 20)}`
  }
  return `${secondText}${String(now % 1_000).padStart(3, '0')}Z"`
}
