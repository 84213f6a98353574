import { hash, randomBytes } from 'node:crypto'

/**
 * How many connections are open, in all and of each network, as all threads of a gateway see them.
 *
 * Each thread counts in a column of its own, and the sum of the columns decides: of threads that add one at the same
 * moment the last sees all of them, so that a cap is never exceeded; at the very cap both may be turned away. What a
 * crashed thread held is its column.
 *
 * A network has two cells, found by a hash that nobody outside can foresee, and the lower one counts: others add to
 * both of them as good as never (one in a million where 20 networks are at their cap), and then it is refused early.
 */
export interface ConnectionCells {
  readonly buffer: SharedArrayBuffer
  readonly threads: number
  readonly seed: string
}

/** Where a connection is counted. */
export type Places = readonly [number, number]

export interface ConnectionCaps {
  readonly inAll: number
  readonly perNetwork: number
}

export interface ConnectionCounts {
  /** @returns where it is counted, or which cap it would exceed */
  take(network: string, caps: ConnectionCaps): Places | keyof ConnectionCaps
  giveBack(places: Places): void
}

const rowCells = 16_384
const columnCells = 1 + 2 * rowCells

export const createConnectionCells = (threads: number): ConnectionCells => ({
  buffer: new SharedArrayBuffer(threads * columnCells * 4),
  threads,
  seed: randomBytes(16).toString('hex'),
})

export function openConnectionCounts(
  { buffer, threads, seed }: ConnectionCells,
  thread: number,
): ConnectionCounts {
  const cells = new Int32Array(buffer)
  const own = thread * columnCells
  const sum = (place: number) => {
    let all = 0
    for (let t = 0; t < threads; t++) all += Atomics.load(cells, t * columnCells + place)
    return all
  }
  const add = ([first, second]: Places, count: 1 | -1) => {
    Atomics.add(cells, own, count)
    Atomics.add(cells, own + first, count)
    Atomics.add(cells, own + second, count)
  }
  const placesOf = (network: string): Places => {
    const digest = hash('sha256', seed + network, 'buffer')
    return [1 + (digest.readUInt32LE(0) % rowCells), 1 + rowCells + (digest.readUInt32LE(4) % rowCells)]
  }
  return {
    take(network, caps) {
      const places = placesOf(network)
      add(places, 1)
      const exceeded =
        sum(0) > caps.inAll
          ? 'inAll'
          : Math.min(sum(places[0]), sum(places[1])) > caps.perNetwork
            ? 'perNetwork'
            : undefined
      if (exceeded === undefined) return places
      add(places, -1)
      return exceeded
    },
    giveBack: (places) => add(places, -1),
  }
}

/** The connections of a thread that is dead ended with it. */
export function forgetConnections({ buffer }: ConnectionCells, thread: number): void {
  const column = new Int32Array(buffer, thread * columnCells * 4, columnCells)
  for (let at = 0; at < columnCells; at++) Atomics.store(column, at, 0)
}
