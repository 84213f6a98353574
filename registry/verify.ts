import { type KeptRecord, type Kind, kinds } from './kinds.ts'
import { guarded, scanKeys } from './redis.ts'
import { currentNumber, loadSnapshot } from './snapshot-store.ts'
import { allIds, findMany, type Registry } from './store.ts'

/** What must be in Redis, by key, as the records themselves say. */
interface Expected {
  readonly records: Set<string>
  readonly members: Map<string, Set<string>>
  readonly fields: Map<string, Map<string, string>>
}

/**
 * Every inconsistency of the registry, in words; empty when it is whole. Reads everything; changes made meanwhile may
 * be reported though nothing is wrong.
 *
 * @throws Problem store-unavailable, or `internal` when a record does not parse
 */
export async function verifyRegistry(r: Registry): Promise<string[]> {
  const faults: string[] = []
  const expected = await readRecords(r, faults)
  const keys = await guarded(scanKeys(r.redis, r.keys.registry))
  const nouns = new Set<string>(Object.values(kinds).map(({ noun }) => noun))
  for (const key of keys) {
    const [family = ''] = key.slice(r.keys.registry.length).split(':')
    if (nouns.has(family) && !expected.records.has(key)) faults.push(`${key} is in no index`)
    if (family === 'children' && !expected.members.has(key)) faults.push(`${key} belongs to nothing`)
    if (family === 'marked' && !expected.members.has(key)) faults.push(`${key} belongs to nothing`)
    if (family === 'names' && !expected.fields.has(key)) faults.push(`${key} belongs to nothing`)
  }
  for (const [key, members] of expected.members) {
    const found = new Set(await guarded(r.redis.zrange(key, 0, '-1')))
    for (const member of members) if (!found.has(member)) faults.push(`${key} lacks ${member}`)
    for (const member of found)
      if (!members.has(member)) faults.push(`${key} names ${member}, which is not its`)
  }
  expected.fields.set(r.keys.secrets(), expected.fields.get(r.keys.secrets()) ?? new Map())
  for (const [key, fields] of expected.fields) {
    const found = await guarded(r.redis.hgetall(key))
    for (const [field, value] of fields)
      if (found[field] !== value) faults.push(`${key} lacks ${field} for ${value}`)
    for (const [field, value] of Object.entries(found))
      if (!fields.has(field)) faults.push(`${key} has ${field} for ${value}, which does not claim it`)
  }
  await verifySnapshots(r, faults)
  return faults
}

async function readRecords(r: Registry, faults: string[]): Promise<Expected> {
  const expected: Expected = { records: new Set(), members: new Map(), fields: new Map() }
  const parents: string[] = []
  for (const kind of Object.values(kinds) as Kind<KeptRecord>[]) {
    const ids = await allIds(r, kind)
    for (const [i, stored] of (await findMany(r, kind, ids)).entries()) {
      if (!stored) {
        faults.push(`${r.keys.index(kind.noun)} names ${ids[i]}, which does not exist`)
        continue
      }
      const { value } = stored
      expected.records.add(r.keys.record(kind.noun, value.id))
      const name = kind.nameOf?.(value)
      if (name) fieldsOf(expected, r.keys.names(kind.noun, name.within)).set(name.name, value.id)
      for (const { hash, owner } of kind.secretsOf?.(value) ?? [])
        fieldsOf(expected, r.keys.secrets()).set(hash, owner)
      for (const mark of kind.marksOf?.(value) ?? []) {
        const key = r.keys.marked(kind.noun, mark)
        expected.members.set(key, (expected.members.get(key) ?? new Set()).add(value.id))
      }
      for (const parent of kind.parentsOf?.(value) ?? []) {
        const key = r.keys.children(parent.id, kind.noun)
        expected.members.set(key, (expected.members.get(key) ?? new Set()).add(value.id))
        parents.push(r.keys.record(parent.noun, parent.id))
      }
    }
  }
  for (const parent of parents)
    if (!expected.records.has(parent)) faults.push(`${parent} is referred to and missing`)
  await verifyDocuments(r, expected, faults)
  return expected
}

function fieldsOf(expected: Expected, key: string): Map<string, string> {
  const fields = expected.fields.get(key) ?? new Map<string, string>()
  expected.fields.set(key, fields)
  return fields
}

async function verifyDocuments(r: Registry, expected: Expected, faults: string[]): Promise<void> {
  for (const revision of await findMany(r, kinds.revision, await allIds(r, kinds.revision))) {
    if (!revision) continue
    const { sha256, bytes } = revision.value.document
    if ((await guarded(r.redis.strlen(r.keys.document(sha256)))) !== bytes)
      faults.push(`the document of revision ${revision.value.id} is missing or not whole`)
  }
  for (const version of await findMany(r, kinds.version, await allIds(r, kinds.version))) {
    if (!version || version.value.revision === 0) continue
    const { id, revision } = version.value
    if (!expected.fields.get(r.keys.names('revision', id))?.has(String(revision)))
      faults.push(`version ${id} has no revision ${revision}`)
  }
}

async function verifySnapshots(r: Registry, faults: string[]): Promise<void> {
  const last = Number((await guarded(r.redis.get(r.keys.lastSnapshot()))) ?? 0)
  const current = await currentNumber(r)
  if (current > last) faults.push(`the current snapshot ${current} is beyond the last, ${last}`)
  for (let number = 1; number <= last; number++) {
    if (!(await loadSnapshot(r, number))) faults.push(`snapshot ${number} is missing`)
    if ((await guarded(r.redis.hexists(r.keys.snapshotSummaries(), String(number)))) === 0)
      faults.push(`snapshot ${number} has no summary`)
  }
  if ((await loadSnapshot(r, last + 1)) !== undefined)
    faults.push(`snapshot ${last + 1} is beyond the last, ${last}`)
  const scopes = await guarded(r.redis.get(r.keys.publishedScopes()))
  const snapshot = await loadSnapshot(r, current)
  const wanted =
    snapshot?.apis.flatMap((api) => api.versions.map(({ id, scopes }) => [id, scopes] as const)) ?? []
  if (JSON.stringify(Object.fromEntries(wanted)) !== (scopes ?? '{}'))
    faults.push('the published scopes are not those of the current snapshot')
  const routings = await guarded(r.redis.get(r.keys.publishedRoutings()))
  const wantedRoutings =
    snapshot?.apis.flatMap((api) => api.versions.map(({ id, routing }) => [id, routing] as const)) ?? []
  if (JSON.stringify(Object.fromEntries(wantedRoutings)) !== (routings ?? '{}'))
    faults.push('the published routings are not those of the current snapshot')
}
