import type { Registry } from '../../../registry/store.ts'
import { paced } from '../latency/paced.ts'
import { bringIn, type Filled, fillApi, fillKeys, pathOf, turnTo } from './fill.ts'
import { rounded } from './row.ts'
import type { Node, Stage } from './stage.ts'

/** How long a publish keeps the threads from serving. */
export interface Stall {
  readonly name: string
  /** ms, the worst of all publishes, and their median. */
  readonly worstLoopDelayMs: number
  readonly medianLoopDelayMs: number
  /** From the announcement until all threads serve it. */
  readonly tookMs: number
}

const callsPerSecond = 1_000

/**
 * Two threads under a steady load, and a publish now and then: the latest that the loop of any thread was meanwhile. The
 * same time without a publish stands beside it: on a busy machine threads wait for a processor, too.
 */
export async function measureStalls(stage: Stage, publishes: number): Promise<Stall[]> {
  const { registry, gateway } = stage.platform()
  const urls = [stage.upstream, stage.upstream, stage.upstream]
  const many: Filled[] = []
  for (let i = 0; i < 100; i++) many.push(await fillApi(registry, `api-${i}`, 100, urls))
  const large = await bringIn(registry, many)
  // The first API differs by a title: all else is as it was.
  const [first, ...rest] = many
  const changed = await bringIn(registry, [{ ...first!, api: { ...first!.api, title: 'changed' } }, ...rest])
  const one = await bringIn(registry, [await fillApi(registry, 'large', 10_000, urls), first!])
  const [key] = await fillKeys(registry, 'partner', 1, [first!])
  const node = await gateway(2)
  const seconds = 10 + publishes * 4 * 1.5
  const load = paced({
    url: node.url + pathOf(first!, 1),
    headers: { 'x-api-key': key! },
    rate: callsPerSecond,
    seconds,
  })
  let isOver = false
  load
    .finally(() => {
      isOver = true
    })
    .catch(() => {})
  await pause(5_000) // warm
  const quiet: number[] = []
  const stalls: Stall[] = []
  const cases = [
    ['10,000 routes of 100 APIs, one API changed', changed, large],
    ['10,000 routes of one API, all changed', one, large],
  ] as const
  for (const [name, to, back] of cases) {
    const delays: number[] = []
    const took: number[] = []
    for (let i = 0; i < publishes && !isOver; i++) {
      await node.worstLoopDelayMs()
      await pause(300)
      quiet.push(await node.worstLoopDelayMs())
      took.push(await publishTo(registry, node, to))
      await pause(300) // what it leaves behind is collected, too
      delays.push(await node.worstLoopDelayMs())
      await publishTo(registry, node, back)
    }
    stalls.push(stallOf(name, delays, took))
  }
  await load
  await node.stop()
  return [stallOf('nothing published', quiet, []), ...stalls]
}

async function publishTo(registry: Registry, node: Node, number: number): Promise<number> {
  await turnTo(registry, number)
  return node.serves(number)
}

function stallOf(name: string, delays: readonly number[], took: readonly number[]): Stall {
  const sorted = [...delays].sort((a, b) => a - b)
  return {
    name,
    worstLoopDelayMs: rounded(sorted.at(-1) ?? 0, 1),
    medianLoopDelayMs: rounded(sorted[sorted.length >> 1] ?? 0, 1),
    tookMs: Math.round([...took].sort((a, b) => a - b)[took.length >> 1] ?? 0),
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export function stallLine({ name, worstLoopDelayMs, medianLoopDelayMs, tookMs }: Stall): string {
  const ms = (value: number) => `${String(value).padStart(7)} ms`
  return `${name.padEnd(44)} loop late by ${ms(worstLoopDelayMs)} at worst,${ms(medianLoopDelayMs)} in the middle; in force after ${tookMs} ms`
}
