import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, type RedisProcess, startRedis, testRegistry } from './redis.ts'
import { until } from './until.ts'

/** Real Redis Cluster and Sentinel, of several processes. */

// The bus has a port of its own, by default 10,000 above, which may be beyond the last one; and a node that never met
// another does not know its own address.
export const clusterArgs = (busPort: number) => [
  ...['--cluster-enabled', 'yes', '--cluster-port', String(busPort)],
  ...['--cluster-announce-ip', '127.0.0.1', '--cluster-node-timeout', '5000'],
]

export interface RedisCluster {
  readonly url: string
  readonly nodes: readonly RedisProcess[]
  stop(): Promise<void>
}

/** Three masters, a third of the slots each. */
export async function startCluster(): Promise<RedisCluster> {
  const nodes: RedisProcess[] = []
  const buses: number[] = []
  for (let i = 0; i < 3; i++) {
    const bus = await freePort()
    buses.push(bus)
    nodes.push(await startRedis({ args: clusterArgs(bus) }))
  }
  const admins = await Promise.all(nodes.map(({ url }) => testRegistry({ url })))
  const say = (i: number, ...words: string[]) => admins[i]!.redis.call('CLUSTER', ...words)
  const ends = [0, 5_461, 10_923, 16_384]
  for (const [i] of nodes.entries()) {
    await say(i, 'ADDSLOTSRANGE', String(ends[i]), String(ends[i + 1]! - 1))
    await say(i, 'SET-CONFIG-EPOCH', String(i + 1))
  }
  for (const i of [1, 2]) await say(0, 'MEET', '127.0.0.1', String(nodes[i]!.port), String(buses[i]))
  const isWhole = async (i: number) => {
    const info = String(await say(i, 'INFO'))
    return info.includes('cluster_state:ok') && info.includes('cluster_size:3')
  }
  await until(async () => (await Promise.all([0, 1, 2].map(isWhole))).every(Boolean), { timeoutMs: 20_000 })
  await Promise.all(admins.map((admin) => admin.close()))
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    stop: async () => void (await Promise.all(nodes.map((node) => node.kill()))),
  }
}

export interface Sentinel {
  readonly url: string
  readonly master: RedisProcess
  readonly replica: RedisProcess
  /** Makes the replica the master, and ends the old one. */
  failOver(): Promise<void>
  stop(): Promise<void>
}

/** A master, its replica and a Sentinel that watches them under the name `bank`. */
export async function startSentinel(): Promise<Sentinel> {
  const master = await startRedis()
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] })
  const folder = mkdtempSync(join(tmpdir(), 'test-sentinel-'))
  const port = await freePort()
  const config = join(folder, 'sentinel.conf')
  const lines = [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`]
  writeFileSync(config, [...lines, `sentinel monitor bank 127.0.0.1 ${master.port} 1`].join('\n'))
  const child = spawn('redis-server', [config, '--sentinel'], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  process.once('exit', () => child.kill('SIGKILL'))
  const asSentinel = await testRegistry({ url: `redis://127.0.0.1:${port}` })
  const say = (...words: string[]) => asSentinel.redis.call('SENTINEL', ...words)
  const slow = { timeoutMs: 20_000 }
  await until(() => asSentinel.redis.call('PING').then(() => true), slow)
  return {
    url: `redis+sentinel://127.0.0.1:${port}/bank`,
    master,
    replica,
    async failOver() {
      await until(async () => String(await say('REPLICAS', 'bank')).includes(String(replica.port)), slow)
      await until(() => say('FAILOVER', 'bank').then(() => true), { ...slow, everyMs: 200 })
      const current = async () => ((await say('GET-MASTER-ADDR-BY-NAME', 'bank')) as string[])[1]
      await until(async () => (await current()) === `${replica.port}`, slow)
      await master.kill()
    },
    async stop() {
      await asSentinel.close()
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
      await Promise.all([master.kill(), replica.kill()])
    },
  }
}
