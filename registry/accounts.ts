import { createHmac } from 'node:crypto'
import { guarded } from './redis.ts'
import type { Registry } from './store.ts'

/**
 * Records of accounts: people, how they prove themselves, their sessions. Each is one JSON text under its id, found by
 * indexes that are sets of ids. All share one hash tag, so that a record changes together with its indexes, also on a
 * Cluster; and each change names the text it was worked out from, so that of two at the same time one is told to look
 * again.
 */

export interface AccountRecord {
  readonly id: string
  readonly [field: string]: unknown
}

export interface KeptAccount {
  readonly json: string
  readonly record: AccountRecord
}

/** By which fields a model is found. */
export interface AccountIndexes {
  /** Two records never have the same. */
  readonly unique: readonly string[]
  readonly shared: readonly string[]
}

/** Most records that may be looked through where no index helps. */
export const mostLookedThrough = 2_000

/** @throws Problem store-unavailable */
export async function readAccounts(
  r: Registry,
  model: string,
  ids: readonly string[],
): Promise<KeptAccount[]> {
  if (ids.length === 0) return []
  const texts = await guarded(r.redis.mget(ids.map((id) => r.keys.account(model, id))))
  return texts.flatMap((json) => (json === null ? [] : [{ json, record: JSON.parse(json) as AccountRecord }]))
}

/** Ids of the records whose field has this value. Expired ones may be among them. @throws Problem store-unavailable */
export async function accountsBy(
  r: Registry,
  model: string,
  field: string,
  value: unknown,
): Promise<string[]> {
  return guarded(r.redis.smembers(indexKey(r, model, field, value)))
}

/** Ids of all records of a model. @throws Error when there are too many to look through. @throws Problem store-unavailable */
export async function allAccounts(r: Registry, model: string): Promise<string[]> {
  const all = r.keys.accounts(model)
  const ids = await guarded(r.redis.zrange(all, 0, String(mostLookedThrough)))
  if (ids.length > mostLookedThrough)
    throw new Error(`${model}: too many records for a search without an index`)
  return ids
}

export interface AccountChange {
  readonly model: string
  readonly indexes: AccountIndexes
  /** As it was read; absent for a new record. */
  readonly before?: KeptAccount
  /** Absent: it is deleted. */
  readonly after?: AccountRecord
}

/**
 * Puts, replaces or deletes a record with its indexes, in one step.
 *
 * @returns `changed` when it is no longer what was read, `taken` when a unique value belongs to another
 * @throws Problem store-unavailable
 */
export async function changeAccount(
  r: Registry,
  change: AccountChange,
): Promise<'done' | 'changed' | 'taken'> {
  const { model, indexes, before, after } = change
  const id = (after ?? before?.record)!.id
  const old = new Map(indexed(r, model, indexes, before?.record))
  const fresh = new Map(indexed(r, model, indexes, after))
  const removed = [...old].filter(([key]) => !fresh.has(key))
  // Those it has already, too: an index lives as long as what stands in it.
  const joined = [...fresh].sort(([, a], [, b]) => Number(b) - Number(a))
  const keys = [
    r.keys.account(model, id),
    r.keys.accounts(model),
    ...joined.map(([key]) => key),
    ...removed.map(([key]) => key),
  ]
  const verdict = await guarded(
    r.redis.changeAccount(
      keys.length,
      ...keys,
      before?.json ?? '',
      after ? JSON.stringify(after) : '',
      expiryOf(after),
      id,
      joined.filter(([, isUnique]) => isUnique).length,
      joined.length,
    ),
  )
  return verdict === 1 ? 'done' : verdict === 0 ? 'changed' : 'taken'
}

function* indexed(
  r: Registry,
  model: string,
  { unique, shared }: AccountIndexes,
  record: AccountRecord | undefined,
): Generator<[string, boolean]> {
  if (!record) return
  for (const field of [...unique, ...shared]) {
    const value = record[field]
    if (value !== null && value !== undefined)
      yield [indexKey(r, model, field, value), unique.includes(field)]
  }
}

/** Values stand in keys as keyed hashes: an e-mail address is nobody's business who lists keys. */
const indexKey = (r: Registry, model: string, field: string, value: unknown) =>
  r.keys.accountsBy(
    model,
    field,
    createHmac('sha256', r.secrets.hashKey)
      .update(`account ${String(value)}`)
      .digest('base64url')
      .slice(0, 27),
  )

/** A minute later than it ends, so that "expired" can still be told from "unknown". ms since the epoch; 0: never */
function expiryOf(record: AccountRecord | undefined): number {
  const at = record?.expiresAt
  return typeof at === 'string' ? Date.parse(at) + 60_000 : 0
}
