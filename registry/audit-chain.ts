import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { isSameSecret } from './base/secrets.ts'
import { commit } from './commit.ts'
import { guarded } from './redis.ts'
import { parseStored, type Registry } from './store.ts'

/**
 * The audit as a chain: each entry gets a link, a keyed hash over the link before, the entry, and when it was linked. Who
 * can write to Redis but has not our key can change, remove or insert no linked entry unseen. The admin service makes the
 * links shortly after the entries, so that a change needs no key and no second step.
 *
 * What it cannot tell: entries that were removed before they were linked, and the end of the chain being cut off whole.
 * Against the latter the newest link is logged, outside of Redis, and a reader may say which link they have seen.
 * Who takes all links away has the chain begun anew: those entries are then shown as linked late.
 */

/** Where the chain ends. */
const Head = z.object({
  /** Of the entry. */
  id: z.string(),
  link: z.string(),
  count: z.int(),
})
export type AuditHead = z.infer<typeof Head>

export interface AuditVerdict {
  /** Whether every link is right, and leads to the newest. */
  readonly isWhole: boolean
  /** The first place at which it is not, and how. */
  readonly broken: { readonly id: string; readonly reason: Broken } | null
  /** Entries whose link is right. */
  readonly linked: number
  /** Entries that are too young to have a link. */
  readonly pending: number
  /** Entries that were linked more than five minutes after they were written: the admin service was away, or the links were. */
  readonly late: { readonly count: number; readonly firstId: string } | null
  /** The newest link that is right. */
  readonly head: AuditHead | null
}
/** `changed`: it, or what stood before it, is not what was linked. `unlinked`: its link is gone. `missing`: entries are gone. `unseen`: a link that somebody has seen is not in the chain. */
export type Broken = 'changed' | 'unlinked' | 'missing' | 'unseen'

const batch = 500
const lateMs = 5 * 60_000

/**
 * Links the entries that have no link yet. Any number of admin services may do so at the same time: each step stands on the
 * end of the chain that it has read, and of two one is done.
 *
 * @returns the new end; undefined when there was nothing to do. @throws Problem store-unavailable
 */
export async function linkAudit(r: Registry): Promise<AuditHead | undefined> {
  let linked: AuditHead | undefined
  for (;;) {
    const json = (await guarded(r.redis.get(r.keys.auditHead()))) ?? ''
    const head = json === '' ? undefined : parseStored(Head, json, 'audit head')
    const entries = await entriesAfter(r, head?.id)
    const last = entries.at(-1)
    if (!last) return linked
    const fields: ['field', string, string, string][] = []
    let [link, count] = [head?.link ?? '', head?.count ?? 0]
    for (const [id, entry] of entries) {
      const kept = linkOf(r, link, id, entry, r.now())
      fields.push(['field', r.keys.auditLinks(), id, kept])
      link = kept
      count++
    }
    const next: AuditHead = { id: last[0], link, count }
    const expect = [
      { check: ['equals', r.keys.auditHead(), json], otherwise: 'precondition-failed' },
    ] as const
    try {
      const write = [...fields, ['set', r.keys.auditHead(), JSON.stringify(next)]] as const
      await commit(r, { id: 'system' }, { expect, write })
      linked = next
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'precondition-failed') throw error
    }
  }
}

/**
 * Goes through the whole chain. Entries are linked first as far as there are any.
 *
 * @param seen a link that was noted before, of whatever time: it must still be there. @throws Problem store-unavailable
 */
export async function verifyAudit(r: Registry, seen?: string): Promise<AuditVerdict> {
  await linkAudit(r)
  const json = await guarded(r.redis.get(r.keys.auditHead()))
  const head = json === null ? undefined : parseStored(Head, json, 'audit head')
  let [before, linked, at] = ['', 0, undefined as string | undefined]
  let late = null as AuditVerdict['late']
  let isSeen = seen === undefined
  const verdict = (broken: AuditVerdict['broken'], pending = 0): AuditVerdict => ({
    ...{ isWhole: broken === null, broken, linked, pending, late },
    head: at === undefined ? null : { id: at, link: before, count: linked },
  })
  while (head && linked < head.count) {
    const entries = await entriesAfter(r, at)
    if (entries.length === 0) return verdict({ id: head.id, reason: 'missing' })
    const links = await guarded(r.redis.hmget(r.keys.auditLinks(), ...entries.map(([id]) => id)))
    for (const [i, [id, entry]] of entries.entries()) {
      if (linked === head.count) break
      const kept = links[i]
      if (kept == null) return verdict({ id, reason: 'unlinked' })
      const madeAt = Number(kept.split('.')[0])
      if (!isSameSecret(kept, linkOf(r, before, id, entry, madeAt))) return verdict({ id, reason: 'changed' })
      if (madeAt - Number(id.split('-')[0]) > lateMs)
        late = { count: (late?.count ?? 0) + 1, firstId: late?.firstId ?? id }
      if (kept === seen) isSeen = true
      before = kept
      at = id
      linked++
    }
  }
  if (head && (head.id !== at || head.link !== before)) return verdict({ id: head.id, reason: 'missing' })
  if (!isSeen) return verdict({ id: at ?? '', reason: 'unseen' })
  return verdict(null, (await entriesAfter(r, at)).length)
}

/** `<ms since the epoch>.<hash>`: when it was made is part of what is hashed. */
function linkOf(r: Registry, before: string, id: string, entry: string, at: number): string {
  const key = createHmac('sha256', r.secrets.hashKey).update('audit chain').digest()
  const text = JSON.stringify([before, id, entry, at])
  return `${at}.${createHmac('sha256', key).update(text).digest('base64url')}`
}

async function entriesAfter(r: Registry, id: string | undefined): Promise<[id: string, json: string][]> {
  const from = id === undefined ? '-' : `(${id}`
  const entries = await guarded(r.redis.xrange(r.keys.audit(), from, '+', 'COUNT', batch))
  return entries.map(([id, fields]) => [id, fields[1] ?? ''])
}
