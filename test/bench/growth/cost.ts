import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Registry } from '../../../registry/store.ts'
import { cpuMicros, rssMiB } from '../speed/process.ts'
import { drive } from '../speed/wrk.ts'
import { type Filled, pathOf } from './fill.ts'
import type { Node } from './stage.ts'

export interface Cost {
  readonly cpuMicrosPerCall: number
  readonly callsPerSecond: number
  readonly p99Ms: number
  readonly rssMiB: number
}

/** Calls that one gateway is given, in turn, over all measurements of it. */
export interface Calls {
  drive(node: Node, seconds: number): Promise<number>
  cost(node: Node, seconds: number): Promise<Cost>
}

const connections = 32

/** Every key in turn, each with an API that it may call, over all routes of that API. */
export function callsOf(filled: readonly Filled[], keysOf: readonly (readonly string[])[]): Calls {
  const lines: string[] = []
  const most = Math.max(...keysOf.map((keys) => keys.length))
  const routes = Math.max(...filled.map(({ api }) => api.versions[0]!.routes.length))
  for (let i = 0; i < Math.max(most, routes); i++)
    for (const [at, one] of filled.entries())
      lines.push(`${pathOf(one, i)}\t${keysOf[at]![i % keysOf[at]!.length]}`)
  const file = join(mkdtempSync(join(tmpdir(), 'bench-calls-')), 'calls.txt')
  writeFileSync(file, `${lines.join('\n')}\n`)
  let from = 0
  const run = async (node: Node, seconds: number) => {
    const load = { url: node.url, method: 'GET', headers: { 'x-api-key': '' }, connections, seconds } as const
    const taken = await drive({ ...load, turns: { file, from } })
    from += taken.requests
    return taken
  }
  return {
    drive: async (node, seconds) => (await run(node, seconds)).requests,
    async cost(node, seconds) {
      const before = cpuMicros(node.pid)
      const { requests, requestsPerSecond, p99Ms } = await run(node, seconds)
      return {
        cpuMicrosPerCall: (cpuMicros(node.pid) - before) / requests,
        callsPerSecond: requestsPerSecond,
        p99Ms,
        rssMiB: rssMiB(node.pid),
      }
    },
  }
}

/** Commands that calls had Redis run so far. Those of the bench itself, and those inside scripts, do not count. */
export async function redisCommands(registry: Registry): Promise<number> {
  const info = await registry.redis.info('commandstats')
  return [...info.matchAll(/cmdstat_(evalsha|hget|zrange):calls=(\d+)/g)].reduce(
    (n, m) => n + Number(m[2]),
    0,
  )
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
