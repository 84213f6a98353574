import { callsOf } from './cost.ts'
import { bringIn, fillApi, fillKeys } from './fill.ts'
import { type Round, type Row, rowOf } from './row.ts'
import type { Stage } from './stage.ts'
import type { Effort } from './tables.ts'

/** The same load on one thread and on two, in turn: what the second costs each call. */
export async function measureThreads(stage: Stage, { rounds, seconds, warmCalls }: Effort): Promise<Row[]> {
  const ground = stage.platform()
  const api = await fillApi(ground.registry, 'api', 10, [stage.upstream, stage.upstream, stage.upstream])
  await bringIn(ground.registry, [api])
  const calls = callsOf([api], [await fillKeys(ground.registry, 'partner', 100, [api])])
  const one = await ground.gateway(1)
  const two = await ground.gateway(2)
  for (const node of [one, two, two])
    for (let served = 0; served < warmCalls; ) served += await calls.drive(node, 2)
  const taken: Round[] = []
  let before = await calls.cost(one, seconds)
  for (let round = 0; round < rounds; round++) {
    const cost = await calls.cost(two, seconds)
    const after = await calls.cost(one, seconds)
    taken.push({ cost, small: (before.cpuMicrosPerCall + after.cpuMicrosPerCall) / 2 })
    before = after
  }
  await Promise.all([one.stop(), two.stop()])
  return [rowOf('2 threads, beside 1', taken)]
}
