import { problem } from './base/problem.ts'
import { type Change, commit, newEtag, retried } from './commit.ts'
import { kinds } from './kinds.ts'
import type { SigningAlgorithm, SigningKey } from './model.ts'
import { joined, removal, replacement, type Steps } from './records.ts'
import { guarded } from './redis.ts'
import {
  insertionOfKey,
  makeSigningKey,
  type ShownSigningKey,
  shownSigningKey,
} from './signing-key-records.ts'
import { type Actor, allIds, findMany, type Registry, type Stored } from './store.ts'

/**
 * The life of signing keys: made, published ahead, signing, kept for those who verify, pruned. Any number of admin
 * services may tend them at the same time: every change names the state of all keys that it was decided on, and is made
 * only if that is still the state (compare-and-set, no lock).
 */

/** No token lives longer than this (`tokenLifetimeSeconds` of the model), ms. */
const longestTokenMs = 86_400_000
/** Clocks of those who sign and of those who prune may differ by so much, ms. */
const clocksDifferMs = 300_000

export interface SigningKeyLife {
  /** Of keys that are made from now on. */
  readonly algorithm: SigningAlgorithm
  /** How long a key signs before the next one takes over; 0: until somebody rolls it over. */
  readonly maxAgeMs: number
  /** How long a key is published before it signs. */
  readonly aheadMs: number
}

/** What has to be done now. Pure. */
export interface DueWork {
  /** When a new key is to sign from; undefined: none is to be made. */
  readonly makeFrom: number | undefined
  /** Keys with which no living token can have been signed. */
  readonly prune: readonly SigningKey[]
}

/** @param keys in the order in which they sign */
export function dueWork(keys: readonly SigningKey[], now: number, life: SigningKeyLife): DueWork {
  const prune = keys.filter((_, i) => {
    const successor = keys[i + 1]
    return successor !== undefined && successor.signsFrom + longestTokenMs + clocksDifferMs <= now
  })
  const current = keys.findLast(({ signsFrom }) => signsFrom <= now)
  const isNextThere = keys.some(({ signsFrom }) => signsFrom > now)
  if (!current) return { makeFrom: isNextThere ? undefined : now, prune }
  if (isNextThere || life.maxAgeMs === 0) return { makeFrom: undefined, prune }
  const endsAt = current.signsFrom + life.maxAgeMs
  return { makeFrom: endsAt - life.aheadMs <= now ? Math.max(endsAt, now + life.aheadMs) : undefined, prune }
}

/**
 * Does what is due: the first key, the next one ahead of its time, and an end to those that nobody needs any more.
 *
 * @returns what was done; nothing when another admin service was faster
 * @throws Problem store-unavailable. @throws Error when no seal key is configured
 */
export async function tendSigningKeys(
  r: Registry,
  actor: Actor,
  life: SigningKeyLife,
): Promise<{ made: ShownSigningKey | undefined; pruned: string[] }> {
  const state = await readState(r)
  const { makeFrom, prune } = dueWork(valuesOf(state), r.now(), life)
  if (makeFrom === undefined && prune.length === 0) return { made: undefined, pruned: [] }
  const made =
    makeFrom === undefined
      ? undefined
      : await makeSigningKey(r, { algorithm: life.algorithm, signsFrom: makeFrom })
  const steps: Steps[] = prune.map((key) => removalOf(r, state, key.id))
  if (made) steps.push(insertionOfKey(r, made))
  try {
    await commitOn(r, actor, state, joined(...steps))
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'precondition-failed') throw error
    return { made: undefined, pruned: [] }
  }
  return { made: made && shownSigningKey(made), pruned: prune.map(({ id }) => id) }
}

/**
 * Lets the next key take over: after it was published for so long, or (`isImmediate`, when the present key may be known
 * to others) at once. A next key that is there already is used, so asking twice makes no second one; at once, each time
 * another one takes over.
 *
 * @returns the key that takes over
 * @throws Problem state-conflict without a seal key; store-unavailable
 */
export async function rollOverSigningKey(
  r: Registry,
  actor: Actor,
  life: SigningKeyLife,
  { isImmediate }: { isImmediate: boolean },
): Promise<ShownSigningKey> {
  if (r.secrets.sealKeys.length === 0)
    throw problem('state-conflict', { detail: 'No seal key is configured (SECRETS_SEAL_KEYS).' })
  return retried(async () => {
    const state = await readState(r)
    const now = r.now()
    const next = state.keys.find(({ value }) => value.signsFrom > now)
    if (next && !isImmediate) return shownSigningKey(next.value)
    if (next) {
      const after = { ...next.value, signsFrom: now }
      const { stored, ...steps } = replacement(r, kinds.signingKey, next, after, 'roll-over')
      await commitOn(r, actor, state, steps)
      return shownSigningKey(stored.value)
    }
    const isFirst = state.keys.length === 0
    const signsFrom = isImmediate || isFirst ? now : now + life.aheadMs
    const made = await makeSigningKey(r, { algorithm: life.algorithm, signsFrom })
    await commitOn(r, actor, state, insertionOfKey(r, made, 'roll-over'))
    return shownSigningKey(made)
  })
}

/**
 * Takes a key out of the published ones at once: what was signed with it is good nowhere any more.
 *
 * @throws Problem state-conflict for the key that signs: roll over first
 * @throws Problem not-found, store-unavailable
 */
export async function retireSigningKey(r: Registry, actor: Actor, id: string): Promise<void> {
  await retried(async () => {
    const state = await readState(r)
    const current = state.keys.findLast(({ value }) => value.signsFrom <= r.now())
    if (!state.keys.some(({ value }) => value.id === id))
      throw problem('not-found', { detail: `There is no signing-key "${id}".` })
    if (current?.value.id === id)
      throw problem('state-conflict', { detail: 'This key signs. Roll over at once first, then retire it.' })
    const { audit, ...steps } = removalOf(r, state, id)
    await commitOn(r, actor, state, {
      ...steps,
      audit: audit.map((entry) => ({ ...entry, action: 'retire' })),
    })
  })
}

interface State {
  /** Changes with every change of any key; '' before the first. */
  readonly version: string
  /** In the order in which they sign. */
  readonly keys: readonly Stored<SigningKey>[]
}

/** The version first: keys that change after it was read make the commit fail. */
async function readState(r: Registry): Promise<State> {
  const version = (await guarded(r.redis.get(r.keys.signingKeysVersion()))) ?? ''
  const found = await findMany(r, kinds.signingKey, await allIds(r, kinds.signingKey))
  const keys = found.filter((stored) => stored !== undefined)
  return { version, keys: keys.sort((a, b) => a.value.signsFrom - b.value.signsFrom) }
}

const valuesOf = ({ keys }: State) => keys.map(({ value }) => value)

function removalOf(r: Registry, { keys }: State, id: string): Steps {
  return removal(r, kinds.signingKey, keys.find(({ value }) => value.id === id)!)
}

async function commitOn(r: Registry, actor: Actor, { version }: State, steps: Steps): Promise<void> {
  const key = r.keys.signingKeysVersion()
  const change: Change = {
    ...steps,
    expect: [{ check: ['equals', key, version], otherwise: 'precondition-failed' }, ...steps.expect],
    write: [...steps.write, ['set', key, newEtag()]],
    events: [{ kind: 'signing-keys' }],
  }
  await commit(r, actor, change)
}
