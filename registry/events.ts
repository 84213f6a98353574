import { setTimeout as wait } from 'node:timers/promises'
import { steadyClock } from './base/clock.ts'
import { commit } from './commit.ts'
import { RegistryEvent } from './model.ts'
import { closeRedis, guarded, openAnother, type Redis } from './redis.ts'
import { parseStored, type Registry, replies } from './store.ts'

export interface Follower {
  /** Something was published or revoked. */
  onEvent(event: RegistryEvent): void
  /** Events may have been missed: whatever is cached may be out of date. */
  onGap(): void
  /** Redis was heard of, so nothing older than this (by the steady clock) is unknown to us. */
  onContact(atMs: number): void
  /** Longest wait for news in one read. */
  readonly blockMs?: number
}

/** Tells all gateways of something that no record changes with. @throws Problem store-unavailable */
export async function announce(r: Registry, event: RegistryEvent): Promise<void> {
  await commit(r, { id: '' }, { expect: [], write: [], events: [event] })
}

const batch = 500

/**
 * Follows the events from now on, over all interruptions, until the signal. Begins when the first `onContact` is
 * called: whoever loads the state after that misses nothing.
 */
export async function followEvents(r: Registry, follower: Follower, signal: AbortSignal): Promise<void> {
  const blockMs = follower.blockMs ?? 250
  // A blocking read would hold up all other commands on a shared connection.
  const redis = openAnother(r.redis, { timeoutMs: blockMs + 1_000 })
  const key = r.keys.events()
  let position: string | undefined
  let isSure = false
  const doubt = () => {
    isSure = false
  }
  redis.on('close', doubt)
  try {
    while (!signal.aborted) {
      try {
        if (!isSure) {
          isSure = true
          const found = await findPosition(redis, key, position)
          if (found.isGap) follower.onGap()
          position = found.position
          follower.onContact(steadyClock())
        }
        const askedAt = steadyClock()
        const entries = await read(redis, key, position!, blockMs)
        for (const [id, fields] of entries) {
          position = id
          const event = readEvent(fields)
          if (event) follower.onEvent(event)
          else follower.onGap()
        }
        // A full batch: we may be so late that what follows is trimmed away before we come to it.
        if (entries.length === batch) isSure = false
        follower.onContact(entries.length > 0 ? askedAt : steadyClock())
      } catch {
        // Redis is away, or has sent what is no stream: both end in asking again where we are.
        isSure = false
        await wait(100, undefined, { signal }).catch(() => undefined)
      }
    }
  } finally {
    await closeRedis(redis)
  }
}

/** @returns undefined for what we do not understand: a newer version of the platform may tell of more than we know */
function readEvent(fields: string[]): RegistryEvent | undefined {
  try {
    return parseStored(RegistryEvent, fields[1] ?? '', 'event')
  } catch {
    return undefined
  }
}

/**
 * Where to read on. Our last entry must still be there: if it was trimmed away, or lost in a failover to a replica
 * that lagged, others may be lost with it.
 */
async function findPosition(
  redis: Redis,
  key: string,
  position: string | undefined,
): Promise<{ position: string; isGap: boolean }> {
  const pipeline = redis.pipeline().xrevrange(key, '+', '-', 'COUNT', 1)
  if (position !== undefined && position !== start) pipeline.xrange(key, position, position)
  const [newest, ours] = await replies<[string, string[]][]>(pipeline.exec())
  const newestId = newest?.[0]?.[0] ?? start
  if (position === undefined) return { position: newestId, isGap: false }
  const isThere = position === start ? newestId === start : ours?.length === 1
  return isThere ? { position, isGap: false } : { position: newestId, isGap: true }
}

const start = '0-0'

async function read(
  redis: Redis,
  key: string,
  position: string,
  blockMs: number,
): Promise<[string, string[]][]> {
  const answer = await guarded(redis.xread('COUNT', batch, 'BLOCK', blockMs, 'STREAMS', key, position))
  return answer?.[0]?.[1] ?? []
}
