import type { Snapshot } from '../registry/model.ts'
import { type CompileParts, compileTable, type Table } from './compile.ts'
import type { HeldTable } from './handle.ts'
import { createReader, type Pieces } from './snapshot-pieces.ts'
import type { LiveUpstream } from './targets.ts'

/** The table in force, and those that calls begun earlier still use. */
export interface Tables {
  /** Reads, compiles and swaps in; on failure the old one stays. One at a time, in the order they came. */
  replace(pieces: Pieces, slots: ReadonlyMap<string, number>): Promise<void>
  hold(): HeldTable | undefined
  /** Of the table in force. */
  upstreams(): Iterable<LiveUpstream>
  /** Of which the table in force was made; undefined before the first. */
  snapshot(): Snapshot | undefined
  readonly number: number
}

export function createTables(partsWith: (slots: ReadonlyMap<string, number>) => CompileParts): Tables {
  let current: Counted | undefined
  let last: Promise<void> = Promise.resolve()
  const read = createReader()

  async function swap(pieces: Pieces, slots: ReadonlyMap<string, number>) {
    const old = current
    const table = await compileTable(await read(pieces), partsWith(slots), old?.table)
    current = { table, uses: 0, isRetired: false, held: undefined }
    if (old) {
      old.isRetired = true
      closeIfUnused(old)
    }
  }

  return {
    replace(pieces, slots) {
      const next = last.then(() => swap(pieces, slots))
      last = next.catch(() => {})
      return next
    },
    hold() {
      if (!current) return undefined
      const counted = current
      counted.uses++
      counted.held ??= {
        table: counted.table,
        letGo: () => {
          counted.uses--
          closeIfUnused(counted)
        },
      }
      return counted.held
    },
    upstreams: () => current?.table.upstreams.values() ?? [],
    snapshot: () => current?.table.legacy.snapshot,
    get number() {
      return current?.table.number ?? -1
    },
  }
}

interface Counted {
  readonly table: Table
  uses: number
  isRetired: boolean
  held: HeldTable | undefined
}

function closeIfUnused({ isRetired, uses, table }: Counted) {
  if (isRetired && uses === 0) table.close()
}
