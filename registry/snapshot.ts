import { problem } from './base/problem.ts'
import { commit, type Expectation, retried, type Write } from './commit.ts'
import type { Finding, PublishedVersion, Snapshot, SnapshotSummary } from './model.ts'
import { guarded } from './redis.ts'
import { type CheckPolicy, check } from './snapshot-check.ts'
import type { SnapshotDiff } from './snapshot-diff.ts'
import { diffSnapshots } from './snapshot-diff.ts'
import { type ChangeSet, gather } from './snapshot-gather.ts'
import { loadCurrent, loadSnapshot } from './snapshot-store.ts'
import type { Actor, Registry } from './store.ts'

export { type CheckPolicy, check } from './snapshot-check.ts'
export { type DiffEntry, diffSnapshots, type FieldChange, type SnapshotDiff } from './snapshot-diff.ts'
export { type ChangeSet, gather } from './snapshot-gather.ts'
export { currentNumber, emptySnapshot, listSnapshots, loadSnapshot } from './snapshot-store.ts'

export interface Published {
  /** With its new number; in a dry run with the number that it would get. */
  readonly snapshot: Snapshot
  readonly diff: SnapshotDiff
  /** What was left out and why; in a dry run also, as errors, what would refuse the publish. */
  readonly findings: Finding[]
}

/**
 * Publishes a change set: stores the next snapshot, makes it the current one and tells all gateways, in one change.
 *
 * @param options.dryRun only says what would happen
 * @throws Problem `publish-refused` with all errors, when the whole would not be servable; then nothing has changed
 * @throws Problem not-found, store-unavailable; precondition-failed when others publish without end
 */
export async function publish(
  r: Registry,
  actor: Actor,
  change: ChangeSet,
  options: { note?: string; dryRun?: boolean; checkPolicy: CheckPolicy },
): Promise<Published> {
  return retried(async () => {
    const { next, diff, findings, expect } = await gather(r, change)
    const errors = check(next, options.checkPolicy)
    if (errors.length > 0 && !options.dryRun)
      throw problem('publish-refused', { detail: `${errors.length} things stand against it.`, errors })
    const last = await guarded(r.redis.get(r.keys.lastSnapshot()))
    const snapshot: Snapshot = {
      ...next,
      number: Number(last ?? 0) + 1,
      createdAt: r.now(),
      createdBy: actor.id,
      note: options.note ?? '',
    }
    if (options.dryRun) return { snapshot, diff, findings: [...findings, ...errors.map(asFinding)] }
    const key = r.keys.snapshot(snapshot.number)
    await commit(r, actor, {
      expect: [
        ...expect,
        { check: ['equals', r.keys.lastSnapshot(), last ?? ''], otherwise: 'precondition-failed' },
        { check: ['absent', key], otherwise: 'precondition-failed' },
      ],
      write: [
        ['set', key, JSON.stringify(snapshot)],
        ['set', r.keys.lastSnapshot(), String(snapshot.number)],
        ['field', r.keys.snapshotSummaries(), String(snapshot.number), JSON.stringify(summaryOf(snapshot))],
        ...pointTo(r, snapshot),
      ],
      audit: [
        {
          action: 'publish',
          noun: 'snapshot',
          subject: String(snapshot.number),
          before: { number: next.number },
          after: { number: snapshot.number, note: snapshot.note, changes: diff.entries.map(briefly) },
        },
      ],
      events: [{ kind: 'snapshot', number: snapshot.number }],
    })
    return { snapshot, diff, findings }
  })
}

/**
 * Makes an earlier (or later) snapshot the current one, whole. The next publish builds on it, under a new number.
 *
 * @throws Problem not-found, store-unavailable
 */
export async function rollback(
  r: Registry,
  actor: Actor,
  number: number,
  note = '',
): Promise<{ snapshot: Snapshot; diff: SnapshotDiff }> {
  return retried(async () => {
    const snapshot = number > 0 ? await loadSnapshot(r, number) : undefined
    if (!snapshot) throw problem('not-found', { detail: `There is no snapshot ${number}.` })
    const { snapshot: current, isCurrent } = await loadCurrent(r)
    const expect: Expectation[] = [isCurrent]
    await commit(r, actor, {
      expect,
      write: pointTo(r, snapshot),
      audit: [
        {
          action: 'rollback',
          noun: 'snapshot',
          subject: String(number),
          before: { number: current.number },
          after: { number, note },
        },
      ],
      events: [{ kind: 'snapshot', number }],
    })
    return {
      snapshot,
      diff: diffSnapshots(
        current,
        snapshot,
        snapshot.apis.map(({ id }) => id),
      ),
    }
  })
}

/** What stands beside the number, so that issuing a token, or asking a person, need not read a whole snapshot. */
function pointTo(r: Registry, snapshot: Snapshot): Write[] {
  const versions = snapshot.apis.flatMap((api) => api.versions)
  const byId = (of: (version: PublishedVersion) => unknown) =>
    JSON.stringify(Object.fromEntries(versions.map((version) => [version.id, of(version)])))
  return [
    ['set', r.keys.currentSnapshot(), String(snapshot.number)],
    ['set', r.keys.publishedScopes(), byId(({ scopes }) => scopes)],
    ['set', r.keys.publishedRoutings(), byId(({ routing }) => routing)],
    ['set', r.keys.publishedRevisions(), byId(({ revision }) => revision)],
  ]
}

function summaryOf({ number, createdAt, createdBy, note, apis }: Snapshot): SnapshotSummary {
  return { number, createdAt, createdBy, note, apis: apis.length }
}

const briefly = ({ change, noun, name }: SnapshotDiff['entries'][number]) => `${change} ${noun} ${name}`

function asFinding({ pointer, detail }: { pointer: string; detail: string }): Finding {
  return { severity: 'error', code: 'publish-refused', message: detail, pointer }
}
