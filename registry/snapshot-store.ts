import type { Expectation } from './commit.ts'
import { Snapshot, SnapshotSummary } from './model.ts'
import { guarded } from './redis.ts'
import { parseStored, type Registry } from './store.ts'

/** What is published before the first publish. */
export const emptySnapshot: Snapshot = {
  number: 0,
  createdAt: 0,
  createdBy: '',
  note: '',
  policies: {},
  apis: [],
  upstreams: [],
  plans: [],
}

/** Number of the snapshot that gateways serve; 0 before the first publish. @throws Problem store-unavailable */
export async function currentNumber(r: Registry): Promise<number> {
  return Number((await guarded(r.redis.get(r.keys.currentSnapshot()))) ?? 0)
}

/** The snapshot of a number; 0 is the empty one. @returns undefined when there is none. @throws Problem store-unavailable */
export async function loadSnapshot(r: Registry, number: number): Promise<Snapshot | undefined> {
  if (number === 0) return emptySnapshot
  const json = await guarded(r.redis.get(r.keys.snapshot(number)))
  return json === null ? undefined : parseStored(Snapshot, json, 'snapshot')
}

/** The snapshot that gateways serve, with what says at the moment of a change that it still is the current one. */
export async function loadCurrent(r: Registry): Promise<{ snapshot: Snapshot; isCurrent: Expectation }> {
  const number = await currentNumber(r)
  const snapshot = await loadSnapshot(r, number)
  if (!snapshot) throw new Error(`the current snapshot ${number} is missing in Redis`)
  const value = number === 0 ? '' : String(number)
  return {
    snapshot,
    isCurrent: { check: ['equals', r.keys.currentSnapshot(), value], otherwise: 'precondition-failed' },
  }
}

/**
 * Asks the current snapshot whether something may go, and returns what makes the answer hold when it goes.
 *
 * @param refuse throws when it may not
 */
export async function notInSnapshot(r: Registry, refuse: (current: Snapshot) => void): Promise<Expectation> {
  const { snapshot, isCurrent } = await loadCurrent(r)
  refuse(snapshot)
  return isCurrent
}

/**
 * Snapshots, newest first.
 *
 * @param options.limit 1 to 200; 50 where absent
 * @param options.before only numbers below it: the `next` of the page before
 * @throws Problem store-unavailable
 */
export async function listSnapshots(
  r: Registry,
  options: { limit?: number; before?: number } = {},
): Promise<{ items: SnapshotSummary[]; next: number | null; current: number }> {
  const limit = Math.min(Math.max(options.limit ?? 50, 1), 200)
  const last = Number((await guarded(r.redis.get(r.keys.lastSnapshot()))) ?? 0)
  const from = Math.min(last, (options.before ?? last + 1) - 1)
  const numbers = Array.from({ length: Math.max(0, Math.min(limit, from)) }, (_, i) => from - i)
  const kept =
    numbers.length === 0
      ? []
      : await guarded(r.redis.hmget(r.keys.snapshotSummaries(), ...numbers.map(String)))
  const items = kept.flatMap((json) =>
    json === null ? [] : [parseStored(SnapshotSummary, json, 'snapshot summary')],
  )
  const lowest = numbers.at(-1) ?? 1
  return { items, next: lowest > 1 ? lowest : null, current: await currentNumber(r) }
}
