import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Config } from '../../registry/base/config.ts'
import { createLog } from '../../registry/base/log.ts'
import { closeRedis, openRedis } from '../../registry/redis.ts'
import { findRedis, SetupFault } from '../setup.mjs'
import { writePrivate } from './files.ts'
import { rememberedPorts } from './ports.ts'
import type { Processes } from './processes.ts'
import { untilReady } from './ready.ts'

/**
 * Starts the demo's own Redis with an append-only file in the data folder.
 *
 * A TCP port of loopback with a password, not a Unix socket: REDIS_URL then has the same form as in production, and
 * the length of a socket's path is bounded (107 bytes), which a data folder deep down would exceed.
 *
 * @returns REDIS_URL
 */
export async function startRedis(processes: Processes, dataDir: string): Promise<string> {
  const folder = join(dataDir, 'redis')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const password = passwordIn(folder)
  await endLeftover(dataDir, password)
  const { redis: port } = await rememberedPorts(dataDir, ['redis'])
  const binary = findRedis()
  if (!binary) throw new SetupFault('Redis was not found')
  const file = join(folder, 'redis.conf')
  // In a file, not as arguments: those are visible to everybody on the machine.
  writePrivate(file, configFile({ folder, port, password }))
  processes.start({ name: 'redis', command: binary, args: [file] })
  await untilReady('Redis', async () => (await ask(port, password, 'PING')) === '+PONG')
  return `redis://:${password}@127.0.0.1:${port}`
}

/** Waits for a Redis that runs elsewhere. @throws SetupFault saying why it cannot be reached */
export async function reachRedis(config: Config): Promise<void> {
  let fault = ''
  const write = (line: string) => {
    fault = JSON.parse(line).fault ?? fault
  }
  const redis = openRedis(config, createLog('demo', 'error', { write }))
  try {
    await untilReady('It', async () => (await redis.ping()) === 'PONG', 10_000)
  } catch {
    throw new SetupFault(
      `It cannot be reached${fault && ` (${fault})`}: set REDIS_URL right, or leave it out to have a Redis started.`,
    )
  } finally {
    await closeRedis(redis)
  }
}

function configFile({ folder, port, password }: { folder: string; port: number; password: string }): string {
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${JSON.stringify(folder)}`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    // What is kept here must not be dropped to make room.
    'maxmemory-policy noeviction',
  ]
  return `${lines.join('\n')}\n`
}

function passwordIn(folder: string): string {
  const file = join(folder, 'password')
  if (!existsSync(file)) writePrivate(file, randomBytes(24).toString('hex'))
  return readFileSync(file, 'utf8').trim()
}

/** A start that was killed may have left its Redis running: two on one append-only file would spoil it. */
async function endLeftover(dataDir: string, password: string): Promise<void> {
  const file = join(dataDir, 'ports.json')
  if (!existsSync(file)) return
  const { redis: port } = JSON.parse(readFileSync(file, 'utf8')) as { redis?: number }
  if (port === undefined) return
  // Only ours knows this password; whoever else listens there is left alone, and another port is taken.
  const answer = await ask(port, password, 'PING').catch(() => '')
  if (answer !== '+PONG') return
  await ask(port, password, 'SHUTDOWN').catch(() => '')
  await untilReady('The end of a Redis left behind', () =>
    ask(port, password, 'PING').then(
      () => false,
      () => true,
    ),
  )
}

/** Sends one command after the password. @returns the first line of its answer. @throws Error when nobody answers */
async function ask(port: number, password: string, command: 'PING' | 'SHUTDOWN'): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', timeout: 1_000 })
  socket.once('timeout', () => socket.destroy(new Error('no answer')))
  try {
    await once(socket, 'connect')
    socket.end(`AUTH ${password}\r\n${command}\r\n`)
    let text = ''
    for await (const bytes of socket) text += bytes
    const [auth = '', answer = ''] = text.split('\r\n')
    if (auth !== '+OK') throw new Error(auth || 'the connection was closed')
    return answer
  } finally {
    socket.destroy()
  }
}
