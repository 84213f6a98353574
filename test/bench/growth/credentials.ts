import { type Calls, callsOf, redisCommands } from './cost.ts'
import { beforeUpstreamOf, bringIn, type Filled, fillApi, fillKeys } from './fill.ts'
import { type Round, type Row, rowOf } from './row.ts'
import type { Ground, Node, Stage } from './stage.ts'
import type { Effort } from './tables.ts'

/** What grows with the partners: credentials, each used in turn. */

interface Side {
  readonly ground: Ground
  readonly node: Node
  readonly calls: Calls
}

const keysPerApplication = 100

/**
 * Two gateways with one thread each, at the same time, so that whatever the machine does falls on both: one with few
 * credentials, one with many. They must go on without pause, as a credential is asked for again by its age.
 *
 * @param settleSeconds at least, until measuring begins: all credentials were looked up then
 */
export async function measureCredentials(
  stage: Stage,
  { rounds, seconds }: Effort,
  credentials: number,
  settleSeconds: number,
): Promise<Row[]> {
  const urls = [stage.upstream, stage.upstream, stage.upstream]
  const side = async (apis: number, routesEach: number, keys: number): Promise<Side> => {
    const ground = stage.platform()
    const filled: Filled[] = []
    for (let i = 0; i < apis; i++) filled.push(await fillApi(ground.registry, `api-${i}`, routesEach, urls))
    const sharing = filled.map((one) => beforeUpstreamOf(filled[0]!, one))
    await bringIn(ground.registry, sharing)
    const calls = callsOf(sharing, await keysOf(ground, sharing, keys))
    return { ground, node: await ground.gateway(1), calls }
  }
  const rows: Row[] = []
  for (const [apis, routesEach] of [
    [1, 10],
    [100, 100],
  ] as const) {
    const small = await side(1, 10, 100)
    const large = await side(apis, routesEach, credentials)
    await settle(small, large, credentials, settleSeconds)
    const taken: Round[] = []
    const before = await redisCommands(large.ground.registry)
    let calls = 0
    for (let round = 0; round < rounds; round++) {
      const [one, cost] = await Promise.all([
        small.calls.cost(small.node, seconds),
        large.calls.cost(large.node, seconds),
      ])
      calls += (one.callsPerSecond + cost.callsPerSecond) * seconds
      taken.push({ cost, small: one.cpuMicrosPerCall })
    }
    const commands = (await redisCommands(large.ground.registry)) - before
    const name = `${credentials.toLocaleString('en')} credentials, ${(apis * routesEach).toLocaleString('en')} routes`
    rows.push(rowOf(name, taken, commands / calls))
    await Promise.all([small.node.stop(), large.node.stop()])
  }
  return rows
}

/** The first look-up of a credential costs many times a call: each must have had it. */
async function settle(small: Side, large: Side, credentials: number, seconds: number) {
  const startedAt = performance.now()
  for (let served = 0; served < 1.2 * credentials || performance.now() - startedAt < seconds * 1_000; ) {
    const [, more] = await Promise.all([small.calls.drive(small.node, 4), large.calls.drive(large.node, 4)])
    served += more
  }
}

async function keysOf({ registry }: Ground, filled: readonly Filled[], count: number): Promise<string[][]> {
  const keys = filled.map((): string[] => [])
  for (let i = 0; i * keysPerApplication < count; i++) {
    const at = i % filled.length
    keys[at]!.push(...(await fillKeys(registry, `partner-${i}`, keysPerApplication, [filled[at]!])))
  }
  return keys
}
