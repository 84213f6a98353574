import type {
  Operation,
  OperationSettings,
  PublishedApi,
  PublishedVersion,
  Snapshot,
} from '../registry/model.ts'
import { createTurns, type Turns } from './turns.ts'

/**
 * A snapshot on its way from the main thread to those that serve, as JSON in pieces: in one, that of 10,000 routes takes
 * a thread 15 ms and more to read, in which it serves no call.
 */
export interface Pieces {
  /** Number and origin. */
  readonly head: string
  readonly policies: Part
  readonly plans: Part
  readonly upstreams: readonly Part[]
  readonly apis: readonly Part[]
}
/** What changes together: read anew when one of its pieces is not what it was. */
type Part = readonly string[]

/** What a piece of an API holds; a list belongs to the version before it. */
interface ApiPiece {
  readonly api?: PublishedApi
  readonly version?: PublishedVersion
  readonly operations?: [id: string, OperationSettings][]
  readonly routes?: Operation[]
}

/** A piece is closed when it has come to so many characters: reading it takes well under a millisecond. */
const pieceChars = 32_768

export function cut({ policies, plans, upstreams, apis, ...head }: Snapshot): Pieces {
  return {
    head: JSON.stringify(head),
    policies: [JSON.stringify(policies)],
    plans: plans.map((plan) => JSON.stringify(plan)),
    upstreams: upstreams.map((upstream) => [JSON.stringify(upstream)]),
    apis: apis.map((api) => [
      JSON.stringify({ api: { ...api, versions: [] } } satisfies ApiPiece),
      ...api.versions.flatMap(cutVersion),
    ]),
  }
}

function cutVersion(version: PublishedVersion): string[] {
  return [
    JSON.stringify({ version: { ...version, operations: {}, routes: [] } } satisfies ApiPiece),
    ...cutList('operations', Object.entries(version.operations)),
    ...cutList('routes', version.routes),
  ]
}

function cutList(name: keyof ApiPiece, list: readonly unknown[]): string[] {
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

/**
 * Puts pieces together again, and lets calls through in between. Parts that are the same as in the snapshot before are
 * the same objects, so that what was compiled of them can be kept.
 */
export type Reader = (pieces: Pieces) => Promise<Snapshot>

export function createReader(): Reader {
  let known: Known = new Map()
  return async ({ head, policies, plans, upstreams, apis }) => {
    const turns = createTurns()
    const read: Known = new Map()
    const part = async <T>(
      pieces: Part,
      parse: (pieces: Part, turns: Turns) => T | Promise<T>,
    ): Promise<T> => {
      const before = known.get(pieces[0] ?? '')
      const value = before && isSame(before.pieces, pieces) ? (before.value as T) : await parse(pieces, turns)
      read.set(pieces[0] ?? '', { pieces, value })
      return value
    }
    const snapshot = {
      ...(JSON.parse(head) as Omit<Snapshot, 'policies' | 'plans' | 'upstreams' | 'apis'>),
      policies: await part(policies, ([text]) => JSON.parse(text!) as Snapshot['policies']),
      plans: await part(plans, (all) => all.map((text) => JSON.parse(text) as Snapshot['plans'][number])),
      upstreams: [] as Snapshot['upstreams'],
      apis: [] as Snapshot['apis'],
    }
    for (const one of upstreams) {
      snapshot.upstreams.push(await part(one, ([text]) => JSON.parse(text!)))
      await turns()
    }
    for (const one of apis) snapshot.apis.push(await part(one, readApi))
    known = read
    return snapshot
  }
}

/** By their first piece, which names what they are about. */
type Known = Map<string, { readonly pieces: Part; readonly value: unknown }>

function isSame(a: Part, b: Part): boolean {
  return a.length === b.length && a.every((piece, i) => piece === b[i])
}

async function readApi([first, ...rest]: Part, turns: Turns): Promise<PublishedApi> {
  const { api } = JSON.parse(first!) as Required<Pick<ApiPiece, 'api'>>
  for (const text of rest) {
    const { version, operations, routes } = JSON.parse(text) as ApiPiece
    if (version) api.versions.push(version)
    const current = api.versions.at(-1)!
    if (operations) Object.assign(current.operations, Object.fromEntries(operations))
    if (routes) current.routes.push(...routes)
    await turns()
  }
  return api
}
