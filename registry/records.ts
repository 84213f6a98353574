import { newId } from './base/ids.ts'
import type { AuditInput, Expectation, Write } from './commit.ts'
import { newEtag } from './commit.ts'
import type { KeptRecord, Kind } from './kinds.ts'
import type { Registry, Stored } from './store.ts'

/** The steps that put, replace or delete one record with all that hangs on it. Several may go into one commit. */
export interface Steps {
  readonly expect: Expectation[]
  readonly write: Write[]
  readonly audit: AuditInput[]
}

/** Server-set fields of a new record. */
export function kept(r: Registry, kind: Kind<KeptRecord>): KeptRecord {
  const now = r.now()
  return { id: newId(kind.prefix), createdAt: now, updatedAt: now }
}

/** Steps for a record that must not exist yet. */
export function insertion<T extends KeptRecord>(
  r: Registry,
  kind: Kind<T>,
  value: T,
  action = 'create',
): Steps & { stored: Stored<T> } {
  const etag = newEtag()
  const key = r.keys.record(kind.noun, value.id)
  return {
    stored: { value, etag },
    expect: [
      { check: ['absent', key], otherwise: 'state-conflict' },
      ...nameIsFree(r, kind, value),
      ...parentsExist(r, kind, value),
    ],
    write: [
      ['put', key, etag, JSON.stringify(value)],
      ['add', r.keys.index(kind.noun), value.id],
      ...links(r, kind, value).map(({ add }) => add),
    ],
    audit: [{ action, noun: kind.noun, subject: value.id, before: null, after: value }],
  }
}

/** Steps for a record that must still be as it was read; when not, the commit ends in `precondition-failed`. */
export function replacement<T extends KeptRecord>(
  r: Registry,
  kind: Kind<T>,
  before: Stored<T>,
  after: T,
  action = 'update',
): Steps & { stored: Stored<T> } {
  const etag = newEtag()
  const value = { ...after, updatedAt: Math.max(r.now(), before.value.updatedAt) }
  const key = r.keys.record(kind.noun, value.id)
  const old = links(r, kind, before.value)
  const fresh = links(r, kind, value)
  const stays = (one: Link, others: Link[]) => others.some((other) => other.id === one.id)
  return {
    stored: { value, etag },
    expect: [isUnchanged(r, kind, before), ...nameIsFree(r, kind, value), ...parentsExist(r, kind, value)],
    write: [
      ...old.filter((link) => !stays(link, fresh)).map(({ remove }) => remove),
      ['put', key, etag, JSON.stringify(value)],
      ...fresh.filter((link) => !stays(link, old)).map(({ add }) => add),
    ],
    audit: [{ action, noun: kind.noun, subject: value.id, before: before.value, after: value }],
  }
}

/**
 * Steps that delete a record, which must still be as it was read.
 *
 * @param children how many children of each noun go along in the same commit; none where absent
 */
export function removal<T extends KeptRecord>(
  r: Registry,
  kind: Kind<T>,
  current: Stored<T>,
  children: { readonly [noun: string]: number } = {},
): Steps {
  const { value } = current
  return {
    expect: [
      isUnchanged(r, kind, current),
      ...kind.children.map((noun): Expectation => {
        const members = children[noun] ?? 0
        const check = ['count', r.keys.children(value.id, noun), members] as const
        if (members > 0) return { check, otherwise: 'precondition-failed' }
        return {
          check,
          otherwise: 'state-conflict',
          detail: `It cannot be deleted while ${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun} refers to it.`,
        }
      }),
    ],
    write: [
      ['delete', r.keys.record(kind.noun, value.id)],
      ['remove', r.keys.index(kind.noun), value.id],
      ...links(r, kind, value).map(({ remove }) => remove),
    ],
    audit: [{ action: 'delete', noun: kind.noun, subject: value.id, before: value, after: null }],
  }
}

/** Several changes as one. */
export function joined(...steps: readonly Steps[]): Steps {
  return {
    expect: steps.flatMap((s) => s.expect),
    write: steps.flatMap((s) => s.write),
    audit: steps.flatMap((s) => s.audit),
  }
}

/** That a record is still as it was read. */
export function isUnchanged<T extends KeptRecord>(
  r: Registry,
  kind: Kind<T>,
  { value, etag }: Stored<T>,
): Expectation {
  return { check: ['etag', r.keys.record(kind.noun, value.id), etag], otherwise: 'precondition-failed' }
}

interface Link {
  readonly id: string
  readonly add: Write
  readonly remove: Write
}

/** All places besides its own key and the index of its noun that know a record. */
function links<T extends KeptRecord>(r: Registry, kind: Kind<T>, value: T): Link[] {
  const found: Link[] = []
  const name = kind.nameOf?.(value)
  if (name) {
    const key = r.keys.names(kind.noun, name.within)
    found.push({
      id: `${key} ${name.name}`,
      add: ['field', key, name.name, value.id],
      remove: ['unfield', key, name.name],
    })
  }
  for (const parent of kind.parentsOf?.(value) ?? []) {
    const key = r.keys.children(parent.id, kind.noun)
    found.push({ id: key, add: ['add', key, value.id], remove: ['remove', key, value.id] })
  }
  for (const mark of kind.marksOf?.(value) ?? []) {
    const key = r.keys.marked(kind.noun, mark)
    found.push({ id: key, add: ['add', key, value.id], remove: ['remove', key, value.id] })
  }
  for (const { hash, owner } of kind.secretsOf?.(value) ?? []) {
    const key = r.keys.secrets()
    found.push({ id: `${key} ${hash}`, add: ['field', key, hash, owner], remove: ['unfield', key, hash] })
  }
  return found
}

function nameIsFree<T extends KeptRecord>(r: Registry, kind: Kind<T>, value: T): Expectation[] {
  const name = kind.nameOf?.(value)
  if (!name) return []
  return [
    {
      check: ['free', r.keys.names(kind.noun, name.within), name.name, value.id],
      otherwise: 'name-taken',
      detail: kind.takenDetail ?? `There is another ${kind.noun} "${name.name}" already.`,
    },
  ]
}

function parentsExist<T extends KeptRecord>(r: Registry, kind: Kind<T>, value: T): Expectation[] {
  return (kind.parentsOf?.(value) ?? []).map(({ noun, id }) => ({
    check: ['exists', r.keys.record(noun, id)],
    otherwise: 'not-found',
    detail: `There is no ${noun} "${id}".`,
  }))
}
