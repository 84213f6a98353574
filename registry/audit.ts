import { AuditEntry } from './model.ts'
import { guarded } from './redis.ts'
import { parseStored, type Registry } from './store.ts'

export interface AuditOptions {
  /** 1 to 200; 50 where absent. */
  readonly limit?: number
  /** Only entries older than this id: the `next` of the page before. */
  readonly before?: string
  readonly noun?: string
  /** Id of what was changed. */
  readonly subject?: string
  readonly actor?: string
}

const batch = 500
const mostExamined = 20_000

/**
 * Who changed what, newest first. Looks at no more than 20,000 entries at a time: a page of a rare filter may be
 * short, or empty, and still have a `next`.
 *
 * @throws Problem store-unavailable
 */
export async function listAudit(
  r: Registry,
  options: AuditOptions = {},
): Promise<{ items: AuditEntry[]; next: string | null }> {
  const limit = Math.min(Math.max(options.limit ?? 50, 1), 200)
  const items: AuditEntry[] = []
  let before = options.before
  for (let examined = 0; examined < mostExamined; examined += batch) {
    // Its two numbers have 64 bits; of longer ones Redis knows nothing.
    const from = before !== undefined && /^\d{1,19}-\d{1,19}$/.test(before) ? `(${before}` : '+'
    const entries = await guarded(r.redis.xrevrange(r.keys.audit(), from, '-', 'COUNT', batch))
    for (const [id, fields] of entries) {
      const entry = parseStored(AuditEntry, withId(id, fields[1] ?? ''), 'audit entry')
      before = id
      if (!matches(entry, options)) continue
      items.push(entry)
      if (items.length === limit) return { items, next: id }
    }
    if (entries.length < batch) return { items, next: null }
  }
  return { items, next: before ?? null }
}

// The id is given by the stream, so it cannot stand in the entry itself.
const withId = (id: string, json: string) => `{"id":"${id}",${json.slice(1)}`

function matches(entry: AuditEntry, { noun, subject, actor }: AuditOptions): boolean {
  return (
    (noun === undefined || entry.noun === noun) &&
    (subject === undefined || entry.subject === subject) &&
    (actor === undefined || entry.actor === actor)
  )
}
