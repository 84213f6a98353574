import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import type { FetchJwks, Jwk } from '../../registry/oauth-keys.ts'
import type { Outbound } from './outbound.ts'

export interface JwksParts {
  readonly outbound: Outbound
  /** ms by a clock that nobody sets */
  readonly now: () => number
  /** Hears why keys could not be fetched. @param uri without its query */
  readonly onFailure: (uri: string, error: unknown) => void
}

/** So long a set is used without asking again. */
const freshMs = 300_000
/** An unknown kid, or a source that failed, leads to no more than one question within this. */
const coolDownMs = 30_000
/** So long a set is used while its source does not answer. */
const staleMs = 86_400_000
const maxSets = 1_000
const maxBytes = 131_072
const timeoutMs = 5_000

const JwkSet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) })

interface Entry {
  readonly keys: readonly Jwk[]
  /** When it was fetched; undefined: never yet. */
  readonly fetchedAt: number | undefined
  /** When the source was last asked, well or not. */
  readonly askedAt: number
}

/** Key sets of others (RFC 7517 §5), kept per thread. What it gives back is described at `FetchJwks`. */
export function createJwks({ outbound, now, onFailure }: JwksParts): FetchJwks {
  const entries = new LRUCache<string, Entry>({ max: maxSets })
  const pending = new Map<string, Promise<Entry>>()

  async function ask(uri: string, before: Entry | undefined): Promise<Entry> {
    const askedAt = now()
    const shown = uri.split('?')[0]! // a query may hold a key of somebody's
    try {
      const { status, body } = await outbound.send({
        url: uri,
        headers: { accept: 'application/jwk-set+json, application/json' },
        maxBytes,
        timeoutMs,
      })
      if (status !== 200) throw new Error(`${shown}: answered with ${status}`)
      return { keys: parsedKeys(shown, body), fetchedAt: now(), askedAt }
    } catch (error) {
      onFailure(shown, error)
      return { keys: before?.keys ?? [], fetchedAt: before?.fetchedAt, askedAt }
    }
  }

  /** One question at a time for each source, whoever wants to know. */
  function askOnce(uri: string, before: Entry | undefined): Promise<Entry> {
    let question = pending.get(uri)
    if (!question) {
      question = ask(uri, before).then((entry) => {
        entries.set(uri, entry)
        pending.delete(uri)
        return entry
      })
      pending.set(uri, question)
    }
    return question
  }

  function mustAsk(entry: Entry | undefined, kid: string | undefined): boolean {
    if (!entry) return true
    if (now() - entry.askedAt < coolDownMs) return false
    const isFresh = entry.fetchedAt !== undefined && now() - entry.fetchedAt < freshMs
    return !isFresh || (kid !== undefined && !entry.keys.some((jwk) => jwk.kid === kid))
  }

  return async (uri, kid) => {
    const known = entries.get(uri)
    const entry = mustAsk(known, kid) ? await askOnce(uri, known) : known!
    if (entry.fetchedAt === undefined || now() - entry.fetchedAt > staleMs)
      throw new Error(`${uri.split('?')[0]}: its keys cannot be had`)
    return entry.keys
  }
}

function parsedKeys(shown: string, body: string): readonly Jwk[] {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    throw new Error(`${shown}: is not JSON`)
  }
  const parsed = JwkSet.safeParse(json)
  if (!parsed.success) throw new Error(`${shown}: is not a set of keys`)
  return parsed.data.keys
}
