import { LRUCache } from 'lru-cache'
import type { Identity } from '../policies/policy.ts'
import { Problem } from '../registry/base/problem.ts'
import type { RegistryEvent } from '../registry/model.ts'
import { createIdentityIndex } from './identity-index.ts'
import type { Strangers } from './strangers.ts'

/**
 * Who stands behind a key or token, kept for some seconds by each thread.
 *
 * An entry is used without asking as long as it is young *and* this gateway is in contact with the registry, which tells
 * of every revocation: out of contact, nothing older than a second is believed while the store answers. Does it not
 * answer at all, known callers stay known for the grace time, so that payments go on while Redis is away.
 *
 * As revocations are told, asking again is a second guard, and is kept cheap: where very many are known, they grow older,
 * so that a thread asks no more than a hundred times a second. 100,000 callers asked for every 30 s took most of a core.
 */
export interface Identities {
  /** @param address of the caller @throws Problem lookups-limited */
  find(presented: string, address: string): Identity | undefined | Promise<Identity | undefined>
  /** Drops what an event makes doubtful. */
  forget(event: RegistryEvent): void
  forgetAll(): void
  readonly size: number
}

export interface IdentitiesParts {
  /** Whether it has the form and the checksum of a secret: a typing error, or noise, costs no look-up. */
  readonly isWellFormed: (presented: string) => boolean
  /** @throws Problem store-unavailable */
  readonly lookUp: (presented: string) => Promise<Identity | undefined>
  readonly strangers: Strangers
  /** The keyed hash of a token, as revocations name it. */
  readonly hashOf: (presented: string) => string
  /** ms since the epoch: tells what has expired. */
  readonly now: () => number
  /** ms by a clock that nobody sets: tells how old an answer is. */
  readonly steadyNow: () => number
  /** When the registry was last heard, by the steady clock. */
  readonly contactAt: () => number
  readonly cacheMs: number
  readonly graceMs: number
  readonly max: number
}

interface Entry {
  readonly identity: Identity
  /** When the store was asked, by the steady clock. */
  readonly askedAt: number
  /** Of a token, as its revocation names it; '' otherwise. */
  readonly hash: string
}

/** Out of contact for longer than this, a revocation may have been missed. */
const contactLapseMs = 800

/** So long what the store did not know is not asked for again: a partner may have the same key refused in a loop. */
const unknownMs = 2_000
/** Each known caller is let grow older by so much, ms: a hundredth of a second for each to be asked for. */
const msPerEntry = 10
const maxUnknown = 10_000

/** Does the store not answer within this, while we are out of contact, a known caller does not wait for it longer. */
const patienceMs = 200

export function createIdentities(parts: IdentitiesParts): Identities {
  // By what was presented: the secret stays in the memory of the process that was shown it, and is hashed only on a miss.
  const index = createIdentityIndex()
  const entries = new LRUCache<string, Entry>({
    max: parts.max,
    // One that is renewed stands for the same as before.
    dispose({ identity, hash }, presented, reason) {
      if (reason !== 'set') index.remove(presented, identity, hash)
    },
  })
  const unknown = new LRUCache<string, number>({ max: maxUnknown })
  const pending = new Map<string, Promise<Identity | undefined>>()
  let forgets = 0 // grows with every event, so that an answer from before it is not kept

  function find(presented: string, address: string): Identity | undefined | Promise<Identity | undefined> {
    const entry = entries.get(presented)
    if (entry === undefined) return askForStranger(presented, address)
    if (entry.identity.expiresAt <= parts.now()) {
      entries.delete(presented)
      return undefined
    }
    const now = parts.steadyNow()
    const age = now - entry.askedAt
    const isInContact = now - parts.contactAt() < contactLapseMs
    if (age < contactLapseMs || (isInContact && age < longestAge())) return entry.identity
    return ask(presented, entry)
  }

  /** Strangers may send signed tokens of some kilobytes, and what they send is not worth so much memory. */
  const briefly = (presented: string) => (presented.length <= 128 ? presented : parts.hashOf(presented))

  const longestAge = () => (parts.cacheMs === 0 ? 0 : Math.max(parts.cacheMs, entries.size * msPerEntry))

  function askForStranger(presented: string, address: string) {
    if (!parts.isWellFormed(presented)) return undefined
    const unknownAt = unknown.get(briefly(presented))
    if (unknownAt !== undefined && parts.steadyNow() - unknownAt < unknownMs) return undefined
    if (!pending.has(presented)) parts.strangers.admit(address, () => parts.hashOf(presented))
    return ask(presented, undefined, address)
  }

  function ask(presented: string, known: Entry | undefined, address?: string): Promise<Identity | undefined> {
    let question = pending.get(presented)
    if (!question) {
      question = answer(presented, known, address).finally(() => pending.delete(presented))
      pending.set(presented, question)
    }
    return known ? orKnown(question, presented, known) : question
  }

  /** The answer; or, when it is late, who was known before. */
  function orKnown(question: Promise<Identity | undefined>, presented: string, known: Entry) {
    return new Promise<Identity | undefined>((resolve, reject) => {
      const timer = setTimeout(() => {
        if (isInGrace(presented, known)) resolve(known.identity)
      }, patienceMs)
      question.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }

  /** From when we last could have heard that somebody is not good any more. */
  const isInGrace = (presented: string, known: Entry) =>
    entries.peek(presented) === known &&
    parts.steadyNow() - Math.max(known.askedAt, parts.contactAt()) < parts.graceMs

  async function answer(
    presented: string,
    known: Entry | undefined,
    address: string | undefined,
  ): Promise<Identity | undefined> {
    const askedAt = parts.steadyNow()
    const before = forgets
    try {
      const identity = await parts.lookUp(presented)
      if (identity) {
        const hash = parts.hashOf(presented)
        parts.strangers.succeeded(hash)
        if (forgets === before) keep(presented, identity, askedAt, identity.method === 'bearer' ? hash : '')
      } else {
        entries.delete(presented)
        if (forgets === before) unknown.set(briefly(presented), askedAt)
        if (address !== undefined) parts.strangers.failed(address)
      }
      return identity
    } catch (error) {
      const isAway = error instanceof Problem && error.code === 'store-unavailable'
      if (isAway && known && isInGrace(presented, known)) return known.identity
      throw error
    }
  }

  function keep(presented: string, identity: Identity, askedAt: number, hash: string) {
    index.add(presented, identity, hash)
    entries.set(presented, { identity, askedAt, hash })
  }

  function forget(event: RegistryEvent) {
    if (event.kind === 'snapshot') return
    forgets++
    unknown.clear() // it may be good from now on
    if (event.kind === 'signing-keys') return forgetSigned()
    if (event.kind === 'issuers') return forgetExternal()
    for (const presented of index.concernedBy(event)) entries.delete(presented)
  }

  /** A key may have been retired, and what was signed with it is not good any more. Only signed tokens have dots. */
  function forgetSigned() {
    for (const presented of entries.keys()) if (presented.includes('.')) entries.delete(presented)
  }

  /** What was taken from an issuer outside bears that issuer's id as its credential. */
  function forgetExternal() {
    for (const [presented, { identity }] of entries.entries())
      if (identity.credentialId.startsWith('iss_')) entries.delete(presented)
  }

  return {
    find,
    forget,
    forgetAll() {
      forgets++
      unknown.clear()
      entries.clear()
    },
    get size() {
      return entries.size
    },
  }
}
