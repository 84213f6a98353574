import { randomBytes } from 'node:crypto'
import { type ProblemCode, problem } from './base/problem.ts'
import type { RegistryEvent } from './model.ts'
import { guarded } from './redis.ts'
import type { Actor, Registry } from './store.ts'

/** What must hold at the moment of the change; otherwise nothing is written. */
export type Check =
  | readonly ['absent' | 'exists', key: string]
  | readonly ['etag', key: string, etag: string]
  /** The name belongs to nobody, or to this id. */
  | readonly ['free', key: string, name: string, id: string]
  /** A string key; '' stands for no such key. */
  | readonly ['equals', key: string, value: string]
  /** Members of a sorted set. */
  | readonly ['count', key: string, members: number]

export interface Expectation {
  readonly check: Check
  readonly otherwise: ProblemCode
  readonly detail?: string
}

export type Write =
  | readonly ['put', key: string, etag: string, json: string]
  | readonly ['delete', key: string]
  | readonly ['add' | 'remove', key: string, member: string]
  | readonly ['field', key: string, field: string, value: string]
  | readonly ['unfield', key: string, field: string]
  | readonly ['set', key: string, value: string | Buffer]
  /** For so long, in ms. */
  | readonly ['keep', key: string, value: string, lifetimeMs: number]

export interface AuditInput {
  readonly action: string
  readonly noun: string
  readonly subject: string
  readonly before: unknown
  readonly after: unknown
}

export interface Change {
  readonly expect: readonly Expectation[]
  readonly write: readonly Write[]
  readonly audit?: readonly AuditInput[]
  readonly events?: readonly RegistryEvent[]
}

/** How many events a gateway may be late before it has to drop its caches. */
const keptEvents = 10_000

/**
 * Makes a change in one call: all of it, with its audit entries and events, or nothing.
 *
 * @throws Problem of the first expectation that does not hold
 * @throws Problem `store-unavailable`; then the change may or may not have happened
 */
export async function commit(r: Registry, actor: Actor, change: Change): Promise<void> {
  const keys: string[] = []
  const positions = new Map<string, number>()
  const steps: (string | Buffer)[] = []
  const step = ([name, key, ...values]: readonly [string, string, ...(string | number | Buffer)[]]) => {
    let position = positions.get(key)
    if (position === undefined) {
      position = keys.push(key)
      positions.set(key, position)
    }
    const [a = '', b = ''] = values.map((value) => (typeof value === 'number' ? String(value) : value))
    steps.push(name, String(position), a, b)
  }
  for (const { check } of change.expect) step(check)
  for (const write of change.write) step(write)
  const at = r.now()
  for (const entry of change.audit ?? [])
    step(['append', r.keys.audit(), JSON.stringify({ at, actor: actor.id, ...withoutSecrets(entry) })])
  for (const event of change.events ?? [])
    step(['announce', r.keys.events(), JSON.stringify(event), keptEvents])

  const failed = await guarded(
    r.redis.commitChange(keys.length, ...keys, String(change.expect.length), ...steps),
  )
  if (failed === -1) return
  const { otherwise, detail } = change.expect[failed]!
  throw problem(otherwise, detail === undefined ? {} : { detail })
}

/**
 * Runs a change again when somebody else was faster: the attempt reads afresh each time. An attempt that has an
 * If-Match of its own finds, on reading again, that it no longer holds, and so ends with `precondition-failed`.
 *
 * @throws whatever the attempt throws; Problem `precondition-failed` after 30 attempts
 */
export async function retried<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      const isStale = (error as { code?: unknown }).code === 'precondition-failed'
      if (!isStale || isFinal.has(error as object) || tries === 30) throw error
    }
  }
}

const isFinal = new WeakSet<object>()

/** Compares an If-Match with what is there; `undefined` matches anything. @throws Problem precondition-failed */
export function requireMatch(ifMatch: string | undefined, etag: string): void {
  if (ifMatch === undefined || ifMatch === etag) return
  const refusal = problem('precondition-failed', {
    detail: 'Read it again, and repeat your change on what you see.',
  })
  isFinal.add(refusal)
  throw refusal
}

/** A new etag: opaque, and never used before. */
export function newEtag(): string {
  return randomBytes(12).toString('base64url')
}

const secretFields = new Set(['hash', 'sealedCredential', 'sealedPrivateJwk', 'sealedClientSecret'])

/** The same value without hashes and sealed secrets, at any depth: what may stand in the audit. */
export function withoutSecrets<T>(value: T): T {
  return JSON.parse(JSON.stringify(value, (field, part) => (secretFields.has(field) ? undefined : part)))
}
