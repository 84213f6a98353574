import { type Calls, callsOf } from './cost.ts'
import { beforeUpstreamOf, bringIn, type Filled, fillApi, fillKeys, turnTo } from './fill.ts'
import { type Round, type Row, rowOf } from './row.ts'
import type { Ground, Node, Stage } from './stage.ts'

/** What grows with the table: routes, and targets of an upstream. */

interface Case {
  readonly name: string
  readonly number: number
  readonly calls: Calls
}
export interface Effort {
  readonly rounds: number
  readonly seconds: number
  readonly warmCalls: number
}

/** In every case, so that credentials do not grow along. */
const keysInAll = 100

/**
 * One gateway with one thread, which is brought from table to table and back: the compiled code is the same for all, so
 * that what differs is the table. The small case is measured before and after every other.
 */
export async function measureTables(stage: Stage, { rounds, seconds, warmCalls }: Effort): Promise<Row[]> {
  const ground = stage.platform()
  const urls = (count: number) => Array.from({ length: count }, () => stage.upstream)
  const api = (name: string, routes: number, targets: number) =>
    fillApi(ground.registry, name, routes, urls(targets))
  const many: Filled[] = []
  for (let i = 0; i < 100; i++) many.push(await api(`api-${i}`, 100, 3))
  const one = await api('small', 10, 3)
  const small = await caseOf(ground, '10 routes, 3 targets', [one])
  const sharing = many.map((each) => beforeUpstreamOf(one, each))
  const others = [
    await caseOf(ground, '1,000 routes of 10 APIs, 3 targets', sharing.slice(0, 10)),
    await caseOf(ground, '10,000 routes of 100 APIs, 3 targets', sharing),
    await caseOf(ground, '10,000 routes of one API, 3 targets', [await api('large', 10_000, 3)]),
    await caseOf(ground, '100 APIs with 3 targets each, 10,000 routes', many),
    await caseOf(ground, '1 target', [await api('single', 10, 1)]),
    await caseOf(ground, '50 targets', [await api('broad', 10, 50)]),
  ]
  await turnTo(ground.registry, small.number)
  const node = await ground.gateway(1)
  const take = async ({ number, calls }: Case) => {
    await turnTo(ground.registry, number)
    await node.serves(number)
    await calls.drive(node, 2) // connections, identities and leases are there then
    return calls.cost(node, seconds)
  }
  await warm(ground, node, [small, ...others], warmCalls)
  const taken = new Map<Case, Round[]>(others.map((one) => [one, []]))
  let before = await take(small)
  for (let round = 0; round < rounds; round++) {
    for (const one of others) {
      const cost = await take(one)
      const after = await take(small)
      taken.get(one)!.push({ cost, small: (before.cpuMicrosPerCall + after.cpuMicrosPerCall) / 2 })
      before = after
    }
  }
  await node.stop()
  return [...taken].map(([{ name }, all]) => rowOf(name, all))
}

let cases = 0

async function caseOf({ registry }: Ground, name: string, filled: Filled[]): Promise<Case> {
  const number = await bringIn(registry, filled)
  cases++
  const keys: string[][] = []
  for (const one of filled)
    keys.push(await fillKeys(registry, `case-${cases}-${one.api.name}`, keysInAll / filled.length, [one]))
  return { name, number, calls: callsOf(filled, keys) }
}

async function warm({ registry }: Ground, node: Node, cases: readonly Case[], calls: number) {
  let served = 0
  for (let i = 0; served < calls; i++) {
    const one = cases[i % cases.length]!
    await turnTo(registry, one.number)
    await node.serves(one.number)
    served += await one.calls.drive(node, 2)
  }
}
