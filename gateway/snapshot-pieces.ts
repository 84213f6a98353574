import type {
  Operation,
  OperationSettings,
  PublishedApi,
  PublishedVersion,
  Snapshot,
} from '../registry/model.ts'
import { createTurns } from './turns.ts'

/**
 * A snapshot on its way from the main thread to those that serve, as JSON in pieces. In one piece, that of 10,000 routes
 * takes a thread 15 ms and more to read, in which it serves no call.
 */
export type Pieces = readonly string[]

/** What one piece holds; a list that comes after an API or a version belongs to it. */
interface Piece {
  readonly base?: Omit<Snapshot, 'apis' | 'upstreams' | 'plans'>
  readonly upstreams?: Snapshot['upstreams']
  readonly plans?: Snapshot['plans']
  readonly api?: PublishedApi
  readonly version?: PublishedVersion
  readonly operations?: [id: string, OperationSettings][]
  readonly routes?: Operation[]
}

/** A piece is closed when it has come to so many characters: reading it takes well under a millisecond. */
const pieceChars = 32_768

export function cut({ apis, upstreams, plans, ...base }: Snapshot): string[] {
  return [
    JSON.stringify({ base } satisfies Piece),
    ...listPieces('upstreams', upstreams),
    ...listPieces('plans', plans),
    ...apis.flatMap((api) => [
      JSON.stringify({ api: { ...api, versions: [] } } satisfies Piece),
      ...api.versions.flatMap(versionPieces),
    ]),
  ]
}

function versionPieces(version: PublishedVersion): string[] {
  return [
    JSON.stringify({ version: { ...version, operations: {}, routes: [] } } satisfies Piece),
    ...listPieces('operations', Object.entries(version.operations)),
    ...listPieces('routes', version.routes),
  ]
}

function listPieces(name: keyof Piece, list: readonly unknown[]): string[] {
  const pieces: string[] = []
  let items: string[] = []
  let length = 0
  const close = () => {
    if (items.length > 0) pieces.push(`{"${name}":[${items.join(',')}]}`)
    items = []
    length = 0
  }
  for (const item of list) {
    const text = JSON.stringify(item)
    items.push(text)
    length += text.length
    if (length >= pieceChars) close()
  }
  close()
  return pieces
}

/** Puts the pieces together again, and lets calls through in between. @throws Error when they are none of ours */
export async function join(pieces: Pieces): Promise<Snapshot> {
  const apis: PublishedApi[] = []
  const upstreams: Snapshot['upstreams'] = []
  const plans: Snapshot['plans'] = []
  let base: Piece['base']
  const version = () => apis.at(-1)!.versions.at(-1)!
  const turns = createTurns()
  for (const text of pieces) {
    const piece = JSON.parse(text) as Piece
    base = piece.base ?? base
    if (piece.upstreams) upstreams.push(...piece.upstreams)
    if (piece.plans) plans.push(...piece.plans)
    if (piece.api) apis.push(piece.api)
    if (piece.version) apis.at(-1)!.versions.push(piece.version)
    if (piece.operations) Object.assign(version().operations, Object.fromEntries(piece.operations))
    if (piece.routes) version().routes.push(...piece.routes)
    const turn = turns()
    if (turn) await turn
  }
  if (!base) throw new Error('the snapshot came without its beginning')
  return { ...base, apis, upstreams, plans }
}
