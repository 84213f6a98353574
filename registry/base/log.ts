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
  return pino(
    { name, level, redact: { paths, censor: '[hidden]' }, timestamp: pino.stdTimeFunctions.isoTime },
    stream ?? destination({ fd: 1, sync: true }),
  )
}
