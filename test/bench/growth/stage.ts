import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Registry } from '../../../registry/store.ts'
import { startPlatformOn } from '../../support/platform.ts'
import { startRedis } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { startUpstream } from '../speed/peers.ts'
import { freePort, type Served, startServer } from '../speed/process.ts'

/** Redis and a service, and as many platforms and gateways on them as a bench asks for. */
export interface Stage {
  /** Address of the service: nginx, answering by itself. */
  readonly upstream: string
  /** A registry of its own on the same Redis. */
  platform(): Ground
  close(): Promise<void>
}
export interface Ground {
  readonly registry: Registry
  gateway(threads: number, env?: Record<string, string>): Promise<Node>
}
/** A gateway. */
export interface Node extends Served {
  /** Waits until every thread serves exactly this snapshot. @returns ms that it took */
  serves(number: number): Promise<number>
  /** The latest that the loop of any thread was since this was last asked, ms. */
  worstLoopDelayMs(): Promise<number>
  metrics(): Promise<string>
}

export async function startStage(): Promise<Stage> {
  // What is measured is the gateway, so Redis keeps nothing.
  const redis = await startRedis({ args: ['--appendonly', 'no'] })
  const upstream = await startUpstream()
  const nodes: Node[] = []
  const platforms: ReturnType<typeof startPlatformOn>[] = []
  return {
    upstream: upstream.url,
    platform() {
      const platform = startPlatformOn({ url: redis.url, stop: async () => {} })
      platforms.push(platform)
      return {
        registry: platform.registry,
        async gateway(threads, env = {}) {
          const node = await startNode({ ...platform.env, ...env }, threads)
          nodes.push(node)
          return node
        },
      }
    },
    async close() {
      await Promise.all(nodes.map((node) => node.stop()))
      for (const platform of platforms) await platform.close()
      await upstream.stop()
      await redis.stop()
    },
  }
}

async function startNode(env: Readonly<Record<string, string>>, threads: number): Promise<Node> {
  const port = await freePort()
  const privatePort = await freePort()
  const settings = {
    GATEWAY_HOST: '127.0.0.1',
    GATEWAY_PORT: String(port),
    GATEWAY_METRICS_PORT: String(privatePort),
    GATEWAY_THREADS: String(threads),
    GATEWAY_DRAIN_DELAY_MS: '0',
    DATA_DIR: mkdtempSync(join(tmpdir(), 'bench-data-')),
  }
  // The access log is written, but not kept: millions of lines.
  const served = await startServer(
    process.execPath,
    ['gateway/main.ts'],
    port,
    { ...env, ...settings },
    '/dev/null',
  )
  const ask = async (path: string) => (await fetch(`http://127.0.0.1:${privatePort}${path}`)).text()
  const isServed = async (number: number) =>
    (JSON.parse(await ask('/readyz')) as { threads: number[] }).threads.every((one) => one === number)
  return {
    ...served,
    async serves(number) {
      const startedAt = performance.now()
      await until(() => isServed(number), { timeoutMs: 60_000 })
      return performance.now() - startedAt
    },
    async worstLoopDelayMs() {
      const text = await ask('/metrics')
      return Number(/gateway_event_loop_delay_seconds\{quantile="1"\} (\S+)/.exec(text)?.[1]) * 1_000
    },
    metrics: () => ask('/metrics'),
  }
}
