import microdiff from 'microdiff'
import { pointerTo } from './base/pointer.ts'
import type { PublishedApi, PublishedVersion, Snapshot } from './model.ts'

export interface FieldChange {
  /** JSON pointer into the thing that changed. */
  readonly pointer: string
  /** `undefined` where there was or is nothing. Sealed secrets are shown as `[sealed]`. */
  readonly before: unknown
  readonly after: unknown
}

export interface DiffEntry {
  readonly change: 'added' | 'removed' | 'changed'
  readonly noun: 'settings' | 'api' | 'version' | 'operation' | 'upstream' | 'plan'
  readonly id: string
  /** For people, e.g. `payments v1 createPayment`. */
  readonly name: string
  /** Of what was changed; empty for what was added or removed. */
  readonly fields: FieldChange[]
  /** Names of published APIs outside the change set that this reaches, too. */
  readonly sharedWith: string[]
}

export interface SnapshotDiff {
  /** Number of the snapshot it is compared with. */
  readonly base: number
  readonly entries: DiffEntry[]
}

/**
 * What a snapshot changes next to another.
 *
 * @param chosen ids of the APIs that were meant to change: others that share an upstream or plan with them are named
 */
export function diffSnapshots(base: Snapshot, next: Snapshot, chosen: readonly string[] = []): SnapshotDiff {
  const entries: DiffEntry[] = []
  const settings = fieldChanges({ policies: base.policies }, { policies: next.policies })
  if (settings.length > 0)
    entries.push({
      change: 'changed',
      noun: 'settings',
      id: 'gateway',
      name: 'gateway',
      fields: settings,
      sharedWith: [],
    })

  entries.push(
    ...compare(
      'api',
      base.apis,
      next.apis,
      ({ name }) => name,
      ({ versions: _, ...api }) => api,
    ),
  )
  for (const [before, after] of pairs(base.apis, next.apis)) {
    const api = (after ?? before)!.name
    entries.push(
      ...compare(
        'version',
        before?.versions ?? [],
        after?.versions ?? [],
        (version) => `${api} ${version.name}`,
        ({ routes: _, ...version }) => version,
      ),
    )
    for (const [old, fresh] of pairs(before?.versions ?? [], after?.versions ?? [])) {
      const version = `${api} ${(fresh ?? old)!.name}`
      entries.push(
        ...compare(
          'operation',
          old?.routes ?? [],
          fresh?.routes ?? [],
          ({ id }) => `${version} ${id}`,
          (o) => o,
        ),
      )
    }
  }
  const others = next.apis.filter((api) => !chosen.includes(api.id))
  entries.push(
    ...compare(
      'upstream',
      base.upstreams,
      next.upstreams,
      ({ name }) => name,
      (upstream) => upstream,
    ).map((entry) => ({
      ...entry,
      sharedWith: usersOf(others, (v) => v.upstreams.live === entry.id || v.upstreams.sandbox === entry.id),
    })),
    ...compare(
      'plan',
      base.plans,
      next.plans,
      ({ name }) => name,
      (plan) => plan,
    ).map((entry) => ({
      ...entry,
      sharedWith: usersOf(others, (v) => v.plans.includes(entry.id)),
    })),
  )
  return { base: base.number, entries }
}

function compare<T extends { id: string }>(
  noun: DiffEntry['noun'],
  before: readonly T[],
  after: readonly T[],
  nameOf: (value: T) => string,
  shown: (value: T) => object,
): DiffEntry[] {
  return pairs(before, after).flatMap(([old, fresh]): DiffEntry[] => {
    const entry = { noun, id: (fresh ?? old)!.id, name: nameOf((fresh ?? old)!), sharedWith: [] }
    if (!old) return [{ ...entry, change: 'added', fields: [] }]
    if (!fresh) return [{ ...entry, change: 'removed', fields: [] }]
    const fields = fieldChanges(shown(old), shown(fresh))
    return fields.length > 0 ? [{ ...entry, change: 'changed', fields }] : []
  })
}

/** What stands under the same id in both, in the order of the newer, then what is gone. */
function pairs<T extends { id: string }>(
  before: readonly T[],
  after: readonly T[],
): (readonly [T | undefined, T | undefined])[] {
  const old = new Map(before.map((value) => [value.id, value]))
  const fresh = new Set(after.map(({ id }) => id))
  return [
    ...after.map((value) => [old.get(value.id), value] as const),
    ...before.filter(({ id }) => !fresh.has(id)).map((value) => [value, undefined] as const),
  ]
}

function fieldChanges(before: object, after: object): FieldChange[] {
  return microdiff(withoutTimes(before), withoutTimes(after)).map((difference) => {
    const isSealed = difference.path.includes('sealedCredential')
    const show = (value: unknown) => (isSealed && typeof value === 'string' ? '[sealed]' : value)
    return {
      pointer: pointerTo(difference.path),
      before: 'oldValue' in difference ? show(difference.oldValue) : undefined,
      after: 'value' in difference ? show(difference.value) : undefined,
    }
  })
}

function withoutTimes(value: object): object {
  const { createdAt: _, updatedAt: __, ...rest } = value as { createdAt?: number; updatedAt?: number }
  return rest
}

function usersOf(apis: readonly PublishedApi[], uses: (version: PublishedVersion) => boolean): string[] {
  return apis.filter((api) => api.versions.some(uses)).map(({ name }) => name)
}
