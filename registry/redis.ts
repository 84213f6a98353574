import { Cluster, type ClusterOptions, type RedisOptions, Redis as Single } from 'ioredis'
import type { Config } from './base/config.ts'
import type { Log } from './base/log.ts'
import { Problem, problem } from './base/problem.ts'
import { addCountsScript } from './lua/add-counts.ts'
import { changeAccountScript } from './lua/change-account.ts'
import { commitScript } from './lua/commit.ts'
import { deleteIfEqualsScript } from './lua/delete-if-equals.ts'
import { giveBackScript, takeScript } from './lua/take.ts'
import { type RedisPlace, readRedisUrl } from './redis-url.ts'

/** Our Lua commands; the first argument is the number of keys. */
interface Scripts {
  commitChange(keyCount: number, ...keysAndValues: (string | Buffer)[]): Promise<number>
  takeLimits(keyCount: number, ...keysAndValues: (string | number)[]): Promise<number[]>
  giveBackLimits(keyCount: number, ...keysAndValues: (string | number)[]): Promise<number>
  changeAccount(keyCount: number, ...keysAndValues: (string | number)[]): Promise<number>
  deleteIfEquals(keyCount: 1, key: string, value: string): Promise<number>
  addCounts(keyCount: 1, key: string, ...values: (string | number)[]): Promise<number>
}

/** The client. A Cluster client answers to the same commands; where the two differ, this file hides it. */
export type Redis = Single & Scripts

interface OpenOptions {
  /** Connect with the first command only. */
  lazy?: boolean
  /** Longest wait for one answer, where it differs from `REDIS_TIMEOUT_MS`: for blocking reads. */
  timeoutMs?: number
}

const openers = new WeakMap<Redis, (options: OpenOptions) => Redis>()

/**
 * Opens the client and returns at once. Commands given before the first connection wait for it; after that, whatever
 * is given while Redis is away is refused at once, and the client tries to come back for ever (at most 1 s between
 * two tries).
 *
 * @throws Error when `REDIS_URL` cannot be read
 */
export function openRedis(
  config: Pick<Config, 'REDIS_URL' | 'REDIS_PREFIX' | 'REDIS_TIMEOUT_MS'>,
  log: Log,
  options: OpenOptions = {},
): Redis {
  const place = readRedisUrl(config.REDIS_URL)
  const timeoutMs = options.timeoutMs ?? config.REDIS_TIMEOUT_MS
  const redis =
    place.kind === 'cluster' ? openCluster(place, timeoutMs, options) : openSingle(place, timeoutMs, options)
  openers.set(redis, (other) => openRedis(config, log, other))
  // Only until the first verdict: a process that starts together with Redis may wait for it, but later nothing piles up.
  const settle = () => {
    redis.options.enableOfflineQueue = false
  }
  let isAway = false
  redis.once('ready', settle)
  redis.once('close', settle)
  redis.on('ready', () => {
    if (isAway) log.info('Redis is back')
    isAway = false
  })
  redis.on('error', (error: Error) => {
    if (!isAway) log.error({ fault: faultOf(error) }, 'Redis is away')
    isAway = true
  })
  return redis
}

/** A further client to the same place, for blocking reads: on a shared one they would hold up all others. */
export function openAnother(redis: Redis, options: OpenOptions): Redis {
  const open = openers.get(redis)
  if (!open) throw new Error('the client was not opened by openRedis')
  return open(options)
}

/** Our commands in a pipeline: the client has them there, too, but its types do not know. */
export const scriptsOf = (pipeline: ReturnType<Redis['pipeline']>) =>
  pipeline as unknown as Pick<Scripts, 'addCounts'>

/** Whether keys of one command must share a slot. */
export const isCluster = (redis: Redis): boolean => redis instanceof Cluster

/** Ends the connection and all attempts to get one. Commands under way are awaited as long as Redis is there. */
export async function closeRedis(redis: Redis): Promise<void> {
  if (redis.status === 'ready') await redis.quit().catch(() => undefined)
  redis.disconnect()
}

/** Every key that begins with `prefix`, over all masters of a cluster. For checks and tests, never for serving. */
export async function scanKeys(redis: Redis, prefix: string): Promise<string[]> {
  const nodes = redis instanceof Cluster ? (redis as Cluster).nodes('master') : [redis as Single]
  const found = new Set<string>()
  for (const node of nodes) {
    let cursor = '0'
    do {
      const [next, keys] = await node.scan(
        cursor,
        'MATCH',
        `${prefix.replace(/[[\]*?\\]/g, '\\$&')}*`,
        'COUNT',
        1000,
      )
      cursor = next
      for (const key of keys) found.add(key)
    } while (cursor !== '0')
  }
  return [...found].sort()
}

/**
 * Awaits an answer of Redis.
 *
 * @throws Problem `store-unavailable` when Redis cannot be reached, is late, or refuses to serve (a replica, full
 *   memory, still loading …). A change that was late may still happen: read before you try again.
 */
export async function guarded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Problem || !isAbsence(error)) throw error
    throw problem('store-unavailable', { cause: error, note: faultOf(error as Error) })
  }
}

const refusals =
  /^(READONLY|OOM|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|MISCONF|BUSY|NOAUTH|WRONGPASS|NOPERM|MOVED|ASK|UNBLOCKED)\b/
const silence =
  /Connection is closed|Command timed out|Blocking command timed out|enableOfflineQueue|Too many Cluster redirections|None of startup nodes|Failed to refresh slots cache|Socket timeout|All sentinels are unreachable|max retries per request|connect(ion)? .*(lost|closed|ended)/i

function isAbsence(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error.name === 'ReplyError') return refusals.test(error.message)
  return 'syscall' in error || error.name === 'MaxRetriesPerRequestError' || silence.test(error.message)
}

/** What may be logged of a fault: ioredis hangs the command, with its arguments, on the error itself. */
function faultOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message
}

const backoffMs = (tries: number) =>
  Math.min(50 * 2 ** Math.min(tries, 5), 1_000) * (0.75 + Math.random() / 2)

const reconnectEveryMs = 10_000

/**
 * After a failover we may still talk to the old master: reconnect, which asks Sentinel, or the name server, again. But
 * not with each refusal: where Redis stays read-only, what can be read must be had between two writes.
 */
function createReconnectRule(): (error: Error) => boolean {
  let lastAt = Number.NEGATIVE_INFINITY
  return (error) => {
    if (!error.message.startsWith('READONLY') || performance.now() - lastAt < reconnectEveryMs) return false
    lastAt = performance.now()
    return true
  }
}

function optionsFor(place: RedisPlace, timeoutMs: number) {
  return {
    username: place.username,
    password: place.password,
    protocol: 2,
    connectTimeout: Math.max(timeoutMs, 1_000),
    commandTimeout: timeoutMs,
    // Set when a command goes out, cleared by any answer: a half-open connection is given up, a silent one is not.
    socketTimeout: timeoutMs + 500,
    // A change must never be sent twice; what was under way when the connection broke is refused at once.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    disableClientInfo: true,
    reconnectOnError: createReconnectRule(),
    ...(place.isTls ? { tls: {} } : {}),
  } as const satisfies RedisOptions
}

const scripts = {
  commitChange: { lua: commitScript },
  takeLimits: { lua: takeScript },
  giveBackLimits: { lua: giveBackScript },
  changeAccount: { lua: changeAccountScript },
  deleteIfEquals: { lua: deleteIfEqualsScript },
  addCounts: { lua: addCountsScript },
}

function openSingle(place: RedisPlace, timeoutMs: number, options: OpenOptions): Redis {
  const { host, port } = place.hosts[0]!
  const where: RedisOptions =
    place.kind === 'sentinel'
      ? {
          sentinels: [...place.hosts],
          name: place.master,
          sentinelUsername: place.username,
          sentinelPassword: place.password,
          enableTLSForSentinelMode: place.isTls,
          ...(place.isTls ? { sentinelTLS: {} } : {}),
          sentinelCommandTimeout: Math.max(timeoutMs, 1_000),
          sentinelRetryStrategy: backoffMs,
        }
      : { host, port }
  return new Single({
    ...optionsFor(place, timeoutMs),
    ...where,
    db: place.database,
    retryStrategy: backoffMs,
    lazyConnect: options.lazy ?? false,
    scripts,
  }) as Redis
}

function openCluster(place: RedisPlace, timeoutMs: number, options: OpenOptions): Redis {
  const clusterOptions: ClusterOptions = {
    clusterRetryStrategy: backoffMs,
    slotsRefreshTimeout: Math.max(timeoutMs, 1_000),
    maxRedirections: 5,
    retryDelayOnFailover: 50,
    retryDelayOnClusterDown: 50,
    retryDelayOnTryAgain: 50,
    redisOptions: optionsFor(place, timeoutMs),
    lazyConnect: options.lazy ?? false,
    scripts,
  }
  return withDeadline(new Cluster([...place.hosts], clusterOptions), timeoutMs) as unknown as Redis
}

/**
 * A Cluster client lets commands wait without end while it knows no node, and its tries at several nodes add up: one
 * deadline over all of that.
 */
function withDeadline(cluster: Cluster, timeoutMs: number): Cluster {
  const sendCommand = cluster.sendCommand.bind(cluster)
  cluster.sendCommand = (command, ...rest) => {
    command.setTimeout(timeoutMs)
    return sendCommand(command, ...rest)
  }
  const openPipeline = cluster.pipeline.bind(cluster)
  cluster.pipeline = (...given) => {
    const pipeline = openPipeline(...given)
    const exec = pipeline.exec
    pipeline.exec = () => {
      // The pipeline calls its own exec again when the cluster is ready; only the outermost has the deadline.
      pipeline.exec = exec
      return within(pipeline.exec(), timeoutMs)
    }
    return pipeline
  }
  return cluster
}

async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('Command timed out')), timeoutMs)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
