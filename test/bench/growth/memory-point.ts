import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { until } from '../../support/until.ts'
import { rssMiB } from '../speed/process.ts'
import { rounded } from './row.ts'
import type { Node } from './stage.ts'

/** What a gateway holds when nothing happens and all that is unused was collected. */
export interface Point {
  readonly calls: number
  readonly publishes: number
  /** Of all threads. */
  readonly heapMiB: number
  readonly rssMiB: number
}

const file = join(mkdtempSync(join(tmpdir(), 'bench-heap-')), 'heaps.json')

/** Settings of a gateway of which points are to be taken. */
export const tellsHeap = {
  NODE_OPTIONS: `--import ${fileURLToPath(new URL('./tell-heap.mjs', import.meta.url))}`,
  HEAP_FILE: file,
}

const restMs = 2_000

/** @param threads that serve */
export async function takePoint(
  node: Node,
  threads: number,
  calls: number,
  publishes: number,
): Promise<Point> {
  await wait(restMs)
  rmSync(file, { force: true })
  process.kill(node.pid, 'SIGUSR2')
  const heaps = await until(() => (existsSync(file) ? readHeaps(threads + 1) : undefined), {
    timeoutMs: 20_000,
  })
  const bytes = heaps.reduce((sum, one) => sum + one, 0)
  return { calls, publishes, heapMiB: rounded(bytes / 2 ** 20, 1), rssMiB: Math.round(rssMiB(node.pid)) }
}

/** Undefined while some have not written yet. */
function readHeaps(count: number): number[] | undefined {
  const text = readFileSync(file, 'utf8')
  const heaps = text.endsWith(']') ? (JSON.parse(text) as number[]) : []
  return heaps.length === count ? heaps : undefined
}

export function pointLine({ calls, publishes, heapMiB, rssMiB }: Point): string {
  const cells = [calls.toLocaleString('en'), publishes, heapMiB, rssMiB].map((cell) =>
    String(cell).padStart(12),
  )
  return cells.join('')
}

export const pointHeader = ['calls', 'publishes', 'heap MiB', 'process MiB']
  .map((t) => t.padStart(12))
  .join('')
