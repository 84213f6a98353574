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
  return pino({ name, level, redact, timestamp }, stream ?? destination({ fd: 1, sync: true }))
}

/**
 * A logger for lines of which every field is chosen by the code that writes them. It has no redaction: searching each
 * line of the access log for secrets cost a third of all that a call costs.
 */
export function createPlainLog(name: string, level: string, stream: DestinationStream): Log {
  return pino({ name, level, timestamp }, stream)
}

const timestamp = pino.stdTimeFunctions.isoTime
