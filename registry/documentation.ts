import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { problem } from './base/problem.ts'
import type { Operation } from './model.ts'
import { gatewaySecurity } from './openapi/point-to-gateway.ts'
import { publishedText } from './openapi/rewrite.ts'
import { type GatewayView, type Limits, runTask, unfinished } from './openapi/run.ts'
import type { Pieces } from './openapi/split.ts'
import type { Tree } from './openapi/tree.ts'
import { guarded } from './redis.ts'
import { documentText } from './revisions.ts'
import { type Registry, replies } from './store.ts'

/**
 * What pages about a document are made of. A document is split once, in a thread of its own; the pieces are kept in
 * Redis under its hash for as long as somebody reads them. A page then costs one or a few round trips, whatever the
 * size of the document.
 */

/** Pieces that nobody asks for are dropped after this time, and made again when somebody does. */
const keptSeconds = 30 * 86_400
/** What the parts of one page may come to, in characters: the page of a large operation stays below 100 KB. */
const pageChars = 60_000
const fieldsPerTrip = 200

const compressed = promisify(gzip)
const uncompressed = promisify(gunzip)

/** What an operation's page shows, as an OpenAPI document with this operation alone. */
export interface Slice {
  readonly document: Tree
  /** Parts that were left out, e.g. `schemas/Customer`: in the document a stub with `x-cut` stands for each. */
  readonly cut: readonly string[]
}

/** The head of the document: `openapi`, `info`, `tags`, `externalDocs`. */
export async function documentHead(r: Registry, sha256: string, limits: Limits): Promise<Tree> {
  await prepare(r, sha256, limits)
  const [head] = await fields(r, sha256, ['head'])
  return JSON.parse(head ?? '{}')
}

/**
 * One operation with the parts that it refers to, nearest first, as far as there is room.
 *
 * @throws Problem not-found when the document has no such operation
 */
export async function operationSlice(
  r: Registry,
  sha256: string,
  operation: Operation,
  view: GatewayView,
  limits: Limits,
): Promise<Slice> {
  await prepare(r, sha256, limits)
  const [head, text] = await fields(r, sha256, ['head', `operation ${operation.id}`])
  if (head == null || text == null) throw problem('not-found', { detail: 'There is no such operation.' })
  const { schemes, security } = gatewaySecurity(view, operation)
  const { components, cut } = await gather(r, sha256, [text], pageChars - text.length)
  const { tags: _, ...rest } = JSON.parse(head) as Tree
  const document = {
    ...rest,
    servers: [{ url: view.serverUrl }],
    security,
    paths: { [operation.path]: { [operation.method.toLowerCase()]: JSON.parse(text) } },
    components: { ...components, securitySchemes: schemes },
  }
  return { document, cut }
}

/**
 * A part by its name, e.g. `schemas/Customer`, with the parts that it refers to as far as there is room.
 *
 * @returns the members of `components`
 * @throws Problem not-found
 */
export async function documentPart(r: Registry, sha256: string, name: string, limits: Limits) {
  await prepare(r, sha256, limits)
  const [text] = await fields(r, sha256, [`part ${name}`])
  if (text == null) throw problem('not-found', { detail: 'The document has no such part.' })
  const { components, cut } = await gather(
    r,
    sha256,
    [text],
    pageChars / 2 - text.length,
    new Map([[name, text]]),
  )
  return { components, cut }
}

/**
 * The whole document as partners take it home: as it is, or as a collection of Postman. Making one of a document of
 * megabytes takes seconds, so it is kept, compressed.
 *
 * @returns JSON
 */
export async function documentFile(
  r: Registry,
  sha256: string,
  form: 'openapi' | 'postman',
  view: GatewayView,
  limits: Limits,
): Promise<Buffer> {
  const key = r.keys.documentation(sha256)
  const field = `file ${form} ${view.serverUrl}`
  const kept = await guarded(r.redis.hgetBuffer(key, field))
  if (kept) return uncompressed(kept)
  const text = await publishedText(await original(r, sha256), view, limits, form)
  await guarded(r.redis.hset(key, field, await compressed(text)))
  await guarded(r.redis.expire(key, keptSeconds))
  return text
}

async function original(r: Registry, sha256: string): Promise<Buffer> {
  const bytes = await documentText(r, sha256)
  if (!bytes) throw problem('internal', { note: `document ${sha256} is gone` })
  return bytes
}

async function gather(
  r: Registry,
  sha256: string,
  texts: readonly string[],
  room: number,
  known = new Map<string, string>(),
) {
  let left = room
  const cut = new Set<string>()
  let level = texts
  while (level.length > 0) {
    const names = [...new Set(level.flatMap(namesIn))].filter((name) => !known.has(name) && !cut.has(name))
    const found = await fields(
      r,
      sha256,
      names.map((name) => `part ${name}`),
    )
    level = []
    const next: string[] = []
    for (const [i, name] of names.entries()) {
      const text = found[i]
      if (text == null) continue
      if (text.length > left) cut.add(name)
      else {
        left -= text.length
        known.set(name, text)
        next.push(text)
      }
    }
    level = next
  }
  const components: Record<string, Tree> = {}
  const put = (name: string, value: unknown) => {
    const slash = name.indexOf('/')
    const [kind, key] = [
      name.slice(0, slash),
      name
        .slice(slash + 1)
        .replaceAll('~1', '/')
        .replaceAll('~0', '~'),
    ]
    components[kind] = { ...components[kind], [key]: value }
  }
  for (const [name, text] of known) put(name, JSON.parse(text))
  for (const name of cut) put(name, { 'x-cut': true, title: name.slice(name.indexOf('/') + 1) })
  return { components, cut: [...cut] }
}

/** The parts that a piece refers to. */
function namesIn(text: string): string[] {
  return [...text.matchAll(/"\$ref":"#\/components\/((?:[^"\\]|\\.)+)"/g)].map(([, name]) =>
    JSON.parse(`"${name}"`),
  )
}

async function fields(r: Registry, sha256: string, names: readonly string[]): Promise<(string | null)[]> {
  return names.length === 0 ? [] : guarded(r.redis.hmget(r.keys.documentation(sha256), ...names))
}

/** Being made in this process, so that many readers at once do not make them many times. */
const making = new Map<string, Promise<void>>()

async function prepare(r: Registry, sha256: string, limits: Limits): Promise<void> {
  const key = r.keys.documentation(sha256)
  if (await guarded(r.redis.hexists(key, 'head')))
    return void (await guarded(r.redis.expire(key, keptSeconds)))
  const known = making.get(key)
  if (known) return known
  const done = make(r, sha256, limits).finally(() => making.delete(key))
  making.set(key, done)
  return done
}

async function make(r: Registry, sha256: string, limits: Limits): Promise<void> {
  const outcome = await runTask({ kind: 'split', bytes: await original(r, sha256) }, limits)
  const answer = outcome.answers.find((a) => a.kind === 'split')
  if (!answer) throw unfinished(outcome, limits)
  await keep(r, sha256, answer.pieces)
}

/** The head comes last: where it is, all is. */
async function keep(r: Registry, sha256: string, { head, operations, parts }: Pieces): Promise<void> {
  const key = r.keys.documentation(sha256)
  const entries = [
    ...[...operations].map(([id, text]) => [`operation ${id}`, text] as const),
    ...[...parts].map(([name, text]) => [`part ${name}`, text] as const),
  ]
  const pipeline = r.redis.pipeline()
  for (let from = 0; from < entries.length; from += fieldsPerTrip)
    pipeline.hset(key, Object.fromEntries(entries.slice(from, from + fieldsPerTrip)))
  pipeline.expire(key, keptSeconds)
  pipeline.hset(key, { head })
  await replies(pipeline.exec())
}
