import { LRUCache } from 'lru-cache'
import type { Identity } from '../policies/policy.ts'
import { Problem } from '../registry/base/problem.ts'
import type { RegistryEvent } from '../registry/model.ts'

/**
 * Who stands behind a key or token, kept for some seconds by each thread.
 *
 * An entry is used without asking as long as it is young *and* this gateway is in contact with the registry, which tells
 * of every revocation: out of contact, nothing older than a second is believed while the store answers. Does it not
 * answer at all, known callers stay known for the grace time, so that payments go on while Redis is away.
 */
export interface Identities {
  find(presented: string): Identity | undefined | Promise<Identity | undefined>
  /** Drops what an event makes doubtful. */
  forget(event: RegistryEvent): void
  forgetAll(): void
  readonly size: number
}

export interface IdentitiesParts {
  /** @throws Problem store-unavailable */
  readonly lookUp: (presented: string) => Promise<Identity | undefined>
  /** The keyed hash of a token, as revocations name it. */
  readonly hashOf: (presented: string) => string
  readonly now: () => number
  /** When the registry was last heard, ms since the epoch. */
  readonly contactAt: () => number
  readonly cacheMs: number
  readonly graceMs: number
  readonly max: number
}

interface Entry {
  readonly identity: Identity
  /** When the store was asked. */
  readonly askedAt: number
}

/** Out of contact for longer than this, a revocation may have been missed. */
const contactLapseMs = 800

export function createIdentities(parts: IdentitiesParts): Identities {
  // By what was presented: the secret stays in the memory of the process that was shown it, and is hashed only on a miss.
  const entries = new LRUCache<string, Entry>({ max: parts.max })
  const pending = new Map<string, Promise<Identity | undefined>>()
  let forgets = 0 // grows with every event, so that an answer from before it is not kept

  function find(presented: string): Identity | undefined | Promise<Identity | undefined> {
    const entry = entries.get(presented)
    if (entry === undefined) return ask(presented, undefined)
    const now = parts.now()
    if (entry.identity.expiresAt <= now) {
      entries.delete(presented)
      return undefined
    }
    const age = now - entry.askedAt
    const isInContact = now - parts.contactAt() < contactLapseMs
    if (age < contactLapseMs || (isInContact && age < parts.cacheMs)) return entry.identity
    return ask(presented, entry)
  }

  function ask(presented: string, known: Entry | undefined): Promise<Identity | undefined> {
    const running = pending.get(presented)
    if (running) return running
    const question = answer(presented, known).finally(() => pending.delete(presented))
    pending.set(presented, question)
    return question
  }

  async function answer(presented: string, known: Entry | undefined): Promise<Identity | undefined> {
    const askedAt = parts.now()
    const before = forgets
    try {
      const identity = await parts.lookUp(presented)
      if (!identity) entries.delete(presented)
      else if (forgets === before) entries.set(presented, { identity, askedAt })
      return identity
    } catch (error) {
      const isInGrace =
        known && entries.peek(presented) === known && parts.now() - known.askedAt < parts.graceMs
      if (isInGrace && error instanceof Problem && error.code === 'store-unavailable') return known.identity
      throw error
    }
  }

  function forget(event: RegistryEvent) {
    if (event.kind === 'snapshot') return
    forgets++
    for (const [presented, { identity }] of entries.entries())
      if (concerns(event, presented, identity)) entries.delete(presented)
  }

  function concerns(
    event: Exclude<RegistryEvent, { kind: 'snapshot' }>,
    presented: string,
    identity: Identity,
  ): boolean {
    if (event.kind === 'token') return identity.method === 'bearer' && parts.hashOf(presented) === event.hash
    return (
      event.partnerId === identity.partnerId ||
      event.applicationId === identity.applicationId ||
      event.credentialId === identity.credentialId
    )
  }

  return {
    find,
    forget,
    forgetAll() {
      forgets++
      entries.clear()
    },
    get size() {
      return entries.size
    },
  }
}
