/**
 * What is counted of a set of calls: one array of numbers, the same in gateways, in Redis and in the admin service, so
 * that adding up is all that merging takes. Percentiles are read from added-up buckets; they are never averaged.
 */
export type Cells = Float64Array

/** By the answer's status. `none`: the connection ended before an answer. An upgrade (101) counts as `2xx`. */
export const statusClasses = ['2xx', '3xx', '4xx', '5xx', 'none'] as const
export type StatusClass = (typeof statusClasses)[number]

/** ms; upper bounds of the buckets of how long calls took. The last bucket is above all of them. */
export const totalBounds = [
  1, 2, 5, 10, 20, 35, 50, 75, 100, 150, 200, 350, 500, 750, 1_000, 1_500, 2_500, 5_000, 10_000, 30_000,
] as const
/** ms; the same of the gateway's own share. */
export const ownBounds = [0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 25, 100, 500] as const

/** Calls refused by a limit: they count in `4xx`, too. */
const limitedAt = statusClasses.length
/** Sum over looks at the calls in flight, and how many looks there were: their mean survives merging. */
const inFlightAt = limitedAt + 1
const looksAt = inFlightAt + 1
const totalAt = looksAt + 1
const ownAt = totalAt + totalBounds.length + 1
export const cellCount = ownAt + ownBounds.length + 1

export const newCells = (): Cells => new Float64Array(cellCount)

/** @param status as sent; 0: none was */
export function countCall(
  cells: Cells,
  status: number,
  isLimited: boolean,
  totalMs: number,
  ownMs: number,
): void {
  cells[status < 300 ? (status === 0 ? 4 : 0) : status < 400 ? 1 : status < 500 ? 2 : 3]!++
  if (isLimited) cells[limitedAt]!++
  cells[totalAt + bucketOf(totalBounds, totalMs)]!++
  cells[ownAt + bucketOf(ownBounds, ownMs)]!++
}

export function countInFlight(cells: Cells, inFlight: number): void {
  cells[inFlightAt]! += inFlight
  cells[looksAt]!++
}

function bucketOf(bounds: readonly number[], value: number): number {
  let i = 0
  while (i < bounds.length && value > bounds[i]!) i++
  return i
}

export function addCells(to: Cells, more: Cells): void {
  for (let i = 0; i < cellCount; i++) to[i]! += more[i]!
}

export const requestsOf = (cells: Cells, of: StatusClass): number => cells[statusClasses.indexOf(of)]!
export const limitedOf = (cells: Cells): number => cells[limitedAt]!

/** Mean of the looks; `null` where nobody looked. */
export const inFlightOf = (cells: Cells): number | null =>
  cells[looksAt] ? cells[inFlightAt]! / cells[looksAt]! : null

export interface Percentiles {
  readonly p50: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
  /** Whether p99 lies above the highest bound, so that it is at least what is said. */
  readonly bucketLimited: boolean
}

/** ms, read between the bounds of a bucket in proportion; `null` without calls. */
export const totalPercentiles = (cells: Cells) => percentiles(cells, totalAt, totalBounds)
export const ownPercentiles = (cells: Cells) => percentiles(cells, ownAt, ownBounds)

function percentiles(cells: Cells, at: number, bounds: readonly number[]): Percentiles | null {
  let count = 0
  for (let i = 0; i <= bounds.length; i++) count += cells[at + i]!
  if (count === 0) return null
  const quantile = (q: number) => {
    const rank = q * count
    let below = 0
    for (let i = 0; i < bounds.length; i++) {
      const here = cells[at + i]!
      if (here > 0 && below + here >= rank) {
        const low = i === 0 ? 0 : bounds[i - 1]!
        return rounded(low + ((bounds[i]! - low) * (rank - below)) / here)
      }
      below += here
    }
    return bounds.at(-1)!
  }
  const bucketLimited = count - cells[at + bounds.length]! < 0.99 * count
  return {
    p50: quantile(0.5),
    p90: quantile(0.9),
    p95: quantile(0.95),
    p99: quantile(0.99),
    bucketLimited,
  }
}

const rounded = (ms: number) => Math.round(ms * 1_000) / 1_000

/** As kept in Redis: numbers between commas, nothing for a zero, nothing after the last. */
export function encodeCells(cells: Cells): string {
  let last = cellCount - 1
  while (last >= 0 && cells[last] === 0) last--
  let text = ''
  for (let i = 0; i <= last; i++) text += (i === 0 ? '' : ',') + (cells[i] === 0 ? '' : cells[i])
  return text
}

/** What a newer gateway counts beyond what is known here is left out. */
export function decodeCells(text: string): Cells {
  const cells = newCells()
  for (const [i, part] of text.split(',').entries()) if (i < cellCount) cells[i] = Number(part)
  return cells
}
