import { z } from 'zod'
import { guarded } from '../redis.ts'
import { parseStored, type Registry } from '../store.ts'

/**
 * One call as gateways keep it: what the access log says of it, and no more. No query, no header, no body; of the path
 * the template of its operation.
 */
export const LoggedCall = z.object({
  id: z.string().describe('Request id, as the caller was told.'),
  at: z.int().describe('When it came, in ms since the epoch.'),
  gateway: z.string().describe('The gateway that served it.'),
  environment: z.enum(['sandbox', 'live']),
  method: z.string(),
  path: z
    .string()
    .describe(
      'Template of its operation; of a call that led nowhere its path, with what may be secret hidden.',
    ),
  api: z.string().describe('Id; empty: it led to no API.'),
  version: z.string(),
  operation: z.string().describe('operationId.'),
  partner: z.string().describe('Id; empty: it was not known who called.'),
  application: z.string(),
  credential: z.string(),
  plan: z.string().describe('Id of the plan of its subscription, or empty.'),
  status: z.int().describe('As it was answered; 0: the connection ended before an answer.'),
  ms: z.number().describe('From its head to the end of the answer.'),
  upstreamMs: z
    .number()
    .nullable()
    .describe('From the first attempt to the head of the backend’s answer; `null`: none was asked.'),
  upstream: z.string().describe('Id of the backend, or empty.'),
  target: z.string().describe('The target that was tried last, or empty.'),
  tried: z.array(z.string()).describe('Targets that failed before.'),
  attempts: z.int(),
  problem: z.string().describe('Code of the refusal; empty: it was answered as meant.'),
  stoppedBy: z
    .string()
    .describe('The policy that refused it; `gateway` or `upstream` where none did; or empty.'),
  note: z.string().describe('What the log says of the refusal; not for partners.'),
  trace: z.string().describe('Trace id (W3C).'),
  ip: z.string().describe('Address of the caller.'),
  isAborted: z.boolean().describe('Whether the caller, or the answer, broke off.'),
})
export type LoggedCall = z.infer<typeof LoggedCall>

export interface CallFilter {
  readonly fromMs?: number | undefined
  readonly toMs?: number | undefined
  readonly environment?: string | undefined
  readonly api?: string | undefined
  readonly version?: string | undefined
  readonly operation?: string | undefined
  readonly partner?: string | undefined
  readonly application?: string | undefined
  readonly credential?: string | undefined
  readonly upstream?: string | undefined
  readonly target?: string | undefined
  readonly gateway?: string | undefined
  readonly method?: string | undefined
  readonly problem?: string | undefined
  readonly stoppedBy?: string | undefined
  /** A status such as `404`, or a class such as `4xx`; `none`: no answer. */
  readonly status?: string | undefined
  /** Only calls that took so long at least. */
  readonly minMs?: number | undefined
}

const batch = 1_000
const mostExamined = 20_000
/** The log is written a second after a call ends, and clocks differ. */
const slackMs = 120_000

/**
 * Logged calls, newest first. Looks at no more than 20,000 at a time: a page of a rare filter may be short, or empty,
 * and still have a `next`.
 *
 * @throws Problem store-unavailable
 */
export async function listCalls(
  r: Registry,
  filter: CallFilter,
  { limit, before }: { limit: number; before?: string | undefined },
): Promise<{ items: LoggedCall[]; next: string | null }> {
  const items: LoggedCall[] = []
  const end = filter.toMs === undefined ? '+' : String(filter.toMs + slackMs)
  const begin = filter.fromMs === undefined ? '-' : String(Math.max(0, filter.fromMs))
  let last = before !== undefined && isStreamId(before) ? before : undefined
  for (let examined = 0; examined < mostExamined; examined += batch) {
    const from = last === undefined ? end : `(${last}`
    const entries = await guarded(r.redis.xrevrange(r.keys.requestLog(), from, begin, 'COUNT', batch))
    for (const [id, fields] of entries) {
      last = id
      const call = parseStored(LoggedCall, fields[1] ?? '', 'logged call')
      if (!fits(call, filter)) continue
      items.push(call)
      if (items.length === limit) return { items, next: id }
    }
    if (entries.length < batch) return { items, next: null }
  }
  return { items, next: last ?? null }
}

/**
 * The call with a request id. The id tells when it came, so that it is looked for from there on.
 * @returns undefined when it is not in the log. @throws Problem store-unavailable
 */
export async function findCall(r: Registry, id: string): Promise<LoggedCall | undefined> {
  const at = timeOfId(id)
  if (at === undefined) return undefined
  let from = String(Math.max(0, at - slackMs))
  for (let examined = 0; examined < mostExamined * 5; examined += batch) {
    const entries = await guarded(r.redis.xrange(r.keys.requestLog(), from, '+', 'COUNT', batch))
    // Its text is looked at first: reading all as JSON would cost more than all else.
    for (const [, fields] of entries)
      if (fields[1]?.includes(id)) {
        const call = parseStored(LoggedCall, fields[1], 'logged call')
        if (call.id === id) return call
      }
    if (entries.length < batch) return undefined
    from = `(${entries.at(-1)![0]}`
  }
  return undefined
}

/** ms since the epoch of a UUID of version 7 (RFC 9562 §5.7). */
function timeOfId(id: string): number | undefined {
  const [, high, low] =
    /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.exec(id) ?? []
  return high === undefined ? undefined : Number.parseInt(high + low, 16)
}

// Its two numbers have 64 bits; of longer ones Redis knows nothing.
const isStreamId = (text: string) => /^\d{1,19}-\d{1,19}$/.test(text)

function fits(call: LoggedCall, { fromMs, toMs, status, minMs, ...equal }: CallFilter): boolean {
  if (fromMs !== undefined && call.at < fromMs) return false
  if (toMs !== undefined && call.at >= toMs) return false
  if (minMs !== undefined && call.ms < minMs) return false
  if (status !== undefined && !hasStatus(call.status, status)) return false
  return Object.entries(equal).every(
    ([field, wanted]) => wanted === undefined || call[field as keyof typeof equal] === wanted,
  )
}

function hasStatus(status: number, wanted: string): boolean {
  if (wanted === 'none') return status === 0
  return wanted.endsWith('xx') ? Math.floor(status / 100) === Number(wanted[0]) : status === Number(wanted)
}
