import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '../../registry/base/log.ts'
import { keysWith } from '../../registry/keys.ts'
import { closeRedis, openRedis, type Redis } from '../../registry/redis.ts'
import type { Registry } from '../../registry/store.ts'
import { until } from './until.ts'

export interface RedisProcess {
  readonly url: string
  readonly port: number
  pid: number
  /** Ends it in an orderly way; its data stay for `start`, where it keeps any. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Again, on the same port and data. */
  start(): Promise<void>
  /** Again, and it reads its file so slowly that it says LOADING until `end`. */
  startLoading(): Promise<{ end(): Promise<void> }>
}

const running = new Set<ChildProcess>()
const folders = new Set<string>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/**
 * Starts a Redis of its own on a free port, with an append-only file, and waits until it answers. Whatever a test
 * forgets to stop ends with the test's process.
 */
export async function startRedis(
  options: { args?: readonly string[]; port?: number } = {},
): Promise<RedisProcess> {
  const port = options.port ?? (await freePort())
  const folder = mkdtempSync(join(tmpdir(), 'test-redis-'))
  folders.add(folder)
  let child: ChildProcess
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  const launch = (more: readonly string[] = []) => {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
    const kept = ['--appendonly', 'yes', '--appendfsync', 'always', '--shutdown-timeout', '0']
    child = spawn('redis-server', [...args, ...kept, ...(options.args ?? []), ...more], { stdio: 'ignore' })
    child.unref() // what a test forgets, or could not stop, keeps no worker of jest alive
    running.add(child)
    child.once('exit', () => running.delete(child))
    redis.pid = child.pid ?? 0
  }
  const redis: RedisProcess = {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: 0,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async start() {
      launch()
      await until(() => answers(port), { timeoutMs: 10_000 })
    },
    async startLoading() {
      // µs for each key; and it looks up from its reading after every kilobyte.
      launch(['--key-load-delay', '50000', '--loading-process-events-interval-bytes', '1024'])
      await until(async () => (await say(port, 'PING')).startsWith('-LOADING'), { timeoutMs: 10_000 })
      return {
        async end() {
          await say(port, 'CONFIG SET key-load-delay 0')
          await until(() => answers(port), { timeoutMs: 20_000 })
        },
      }
    },
  }
  await redis.start()
  return redis
}

let shared: Promise<RedisProcess> | undefined
const clients = new Set<Redis>()

/** A registry with a prefix of its own, on a Redis that all tests of the file share. */
export async function testRegistry(
  options: { url?: string; timeoutMs?: number } = {},
): Promise<Registry & { url: string; close(): Promise<void> }> {
  if (!options.url) shared ??= startRedis()
  const url = options.url ?? (await shared!).url
  const prefix = `t${randomBytes(6).toString('hex')}:`
  const redis = openRedis(
    { REDIS_URL: url, REDIS_PREFIX: prefix, REDIS_TIMEOUT_MS: options.timeoutMs ?? 2_000 },
    createLog('test', 'silent'),
  )
  clients.add(redis)
  return {
    url,
    redis,
    keys: keysWith(prefix),
    now: Date.now,
    secrets: { hashKey: randomBytes(32), sealKeys: [{ id: 'one', key: randomBytes(32) }] },
    async close() {
      clients.delete(redis)
      await closeRedis(redis)
    },
  }
}

/** Ends the Redis that the test file shares, and what is still connected; for `afterAll`. */
export async function stopSharedRedis(): Promise<void> {
  for (const client of clients) client.disconnect()
  clients.clear()
  await (await shared)?.kill()
  shared = undefined
}

/**
 * A port of the loopback that was free a moment ago. Not of those that the system gives to outgoing connections: what
 * was stopped and comes back to its port would find it taken now and then.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000)
    const server = createServer()
    server.listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}

/** Whether a Redis (or a Sentinel) on this port says PONG. */
const answers = async (port: number) => /^(\+PONG|-NOAUTH)/.test(await say(port, 'PING'))

async function say(port: number, command: string): Promise<string> {
  const socket = createConnection(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write(`${command}\r\n`)
    const [chunk] = await once(socket, 'data')
    return String(chunk)
  } finally {
    socket.destroy()
  }
}
