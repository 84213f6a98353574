import { z } from 'zod'
import { type Clock, systemClock } from './base/clock.ts'
import type { Config, Secrets } from './base/config.ts'
import type { Log } from './base/log.ts'
import { pointerTo } from './base/pointer.ts'
import { type FieldError, problem } from './base/problem.ts'
import { type Keys, keysWith } from './keys.ts'
import type { KeptRecord, Kind } from './kinds.ts'
import { guarded, openRedis, type Redis } from './redis.ts'

/** What every function of the registry takes first. */
export interface Registry {
  readonly redis: Redis
  readonly keys: Keys
  readonly now: Clock
  readonly secrets: Secrets
}

/** Opens the registry and returns at once; see `openRedis` for what happens while Redis is away. */
export function openRegistry(config: Config, log: Log): Registry {
  return {
    redis: openRedis(config, log),
    keys: keysWith(config.REDIS_PREFIX),
    now: systemClock,
    secrets: config.secrets,
  }
}

/** Who changes something: the id of an admin token, or `bootstrap`. */
export interface Actor {
  readonly id: string
}

export interface Stored<T> {
  readonly value: T
  /** Opaque; changes with every change of the record. */
  readonly etag: string
}

export interface Page<T> {
  readonly items: Stored<T>[]
  /** Hand it in as `after` for the next page; `null` after the last. */
  readonly next: string | null
}

export interface ListOptions<T = unknown> {
  /** 1 to 200; 50 where absent. */
  readonly limit?: number
  /** The id after which the page begins. */
  readonly after?: string
  /** Only records whose fields equal these; of objects (labels) every given entry. */
  readonly filter?: { readonly [F in keyof T]?: unknown }
  /** Only records with this text in name, title or id, whatever the case. */
  readonly search?: string
  /** Only records that bear this mark: they have a list of their own. */
  readonly mark?: string
}

/** Reads the record of an id. @returns undefined when there is none */
export async function find<T extends KeptRecord>(
  r: Registry,
  kind: Kind<T>,
  id: string,
): Promise<Stored<T> | undefined> {
  const [stored] = await findMany(r, kind, [id])
  return stored
}

/** Reads many records in one round trip, in the order of the ids; `undefined` stands for those that do not exist. */
export async function findMany<T extends KeptRecord>(
  r: Registry,
  kind: Kind<T>,
  ids: readonly string[],
): Promise<(Stored<T> | undefined)[]> {
  if (ids.length === 0) return []
  const pipeline = r.redis.pipeline()
  for (const id of ids) pipeline.hmget(r.keys.record(kind.noun, id), 'etag', 'json')
  return (await replies<[string | null, string | null]>(pipeline.exec())).map(([etag, json]) =>
    etag === null || json === null ? undefined : { etag, value: parseStored(kind.schema, json, kind.noun) },
  )
}

/** Reads the record of an id. @throws Problem not-found */
export async function get<T extends KeptRecord>(r: Registry, kind: Kind<T>, id: string): Promise<Stored<T>> {
  const stored = await find(r, kind, id)
  if (!stored) throw notFound(kind, id)
  return stored
}

/** Reads the record of an id or, within its parent, of a name. @throws Problem not-found */
export async function getByName<T extends KeptRecord>(
  r: Registry,
  kind: Kind<T>,
  idOrName: string,
  within = '',
): Promise<Stored<T>> {
  const byId = idOrName.startsWith(`${kind.prefix}_`) ? await find(r, kind, idOrName) : undefined
  const stored = byId ?? (await findByName(r, kind, idOrName, within))
  if (!stored) throw notFound(kind, idOrName)
  return stored
}

/** Reads the record of a name within its parent. @returns undefined when there is none */
export async function findByName<T extends KeptRecord>(
  r: Registry,
  kind: Kind<T>,
  name: string,
  within = '',
): Promise<Stored<T> | undefined> {
  const id = await guarded(r.redis.hget(r.keys.names(kind.noun, within), name))
  return id === null ? undefined : find(r, kind, id)
}

/** One page of a kind, oldest first; of one parent's children where one is named. */
export async function list<T extends KeptRecord>(
  r: Registry,
  kind: Kind<T>,
  options: ListOptions<T> = {},
  parentId?: string,
): Promise<Page<T>> {
  const limit = Math.min(Math.max(options.limit ?? 50, 1), 200)
  const everywhere =
    options.mark === undefined ? r.keys.index(kind.noun) : r.keys.marked(kind.noun, options.mark)
  const index = parentId === undefined ? everywhere : r.keys.children(parentId, kind.noun)
  const items: Stored<T>[] = []
  let after = options.after
  for (;;) {
    const from = after === undefined ? '-' : `(${after}`
    // One more than asked for: it tells whether there is a next page.
    const ids = await guarded(r.redis.zrangebylex(index, from, '+', 'LIMIT', 0, limit + 1))
    for (const stored of await findMany(r, kind, ids)) {
      if (!stored || !matches(stored.value, options)) continue
      if (items.length === limit) return { items, next: items.at(-1)!.value.id }
      items.push(stored)
    }
    if (ids.length <= limit) return { items, next: null }
    after = ids.at(-1)
  }
}

/** Every id of a kind, or of a parent's children of that kind; oldest first. */
export async function allIds(r: Registry, kind: Kind<KeptRecord>, parentId?: string): Promise<string[]> {
  const index = parentId === undefined ? r.keys.index(kind.noun) : r.keys.children(parentId, kind.noun)
  return guarded(r.redis.zrange(index, 0, '-1'))
}

/** The answers of a pipeline; the first failure is thrown. */
export async function replies<T>(pipeline: Promise<[Error | null, unknown][] | null>): Promise<T[]> {
  const answers = (await guarded(pipeline)) ?? []
  return guarded(
    Promise.all(
      answers.map(([error, value]) => (error ? Promise.reject(error) : Promise.resolve(value as T))),
    ),
  )
}

/**
 * What was kept as JSON, checked.
 *
 * @throws Problem internal when it does not have the form it was written in; the note names the place
 */
export function parseStored<T>(schema: z.ZodType<T>, json: string, what: string): T {
  try {
    return schema.parse(JSON.parse(json))
  } catch (error) {
    const fault = error instanceof z.ZodError ? z.prettifyError(error) : 'not JSON'
    throw problem('internal', { note: `a ${what} in Redis is damaged: ${fault}` })
  }
}

/** What comes from outside, checked and completed with defaults. @throws Problem input-invalid with pointers */
export function parseInput<S extends z.ZodType>(schema: S, input: z.input<S>): z.output<S> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const errors: FieldError[] = parsed.error.issues.map((issue) => ({
    pointer: pointerTo(issue.path),
    detail: issue.message,
  }))
  throw problem('input-invalid', { errors })
}

/** The problem for an id that leads nowhere. */
export function notFound(kind: Kind<KeptRecord>, id: string) {
  return problem('not-found', { detail: `There is no ${kind.noun} "${id}".` })
}

function matches<T extends KeptRecord>(value: T, { filter, search }: ListOptions<T>): boolean {
  if (filter && !holds(value, filter)) return false
  if (!search) return true
  const { name = '', title = '' } = value as { name?: string; title?: string }
  return `${name}\n${title}\n${value.id}`.toLowerCase().includes(search.toLowerCase())
}

function holds(value: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return value === wanted
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(wanted).every(
    ([field, part]) => part === undefined || holds((value as Record<string, unknown>)[field], part),
  )
}
