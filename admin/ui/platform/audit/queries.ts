import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, dataOf, type Schemas } from '../../api/client.ts'
import type { AuditSearch } from './routes.tsx'

export type AuditEntry = Schemas['AuditEntry']
export type AuditFilter = Omit<AuditSearch, 'entry'>

const read = (filter: AuditFilter, before: string | undefined, limit: number) =>
  dataOf(api.GET('/api/audit', { params: { query: { ...filter, limit, ...(before && { before }) } } }))

export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam }) => read(filter, pageParam, 50),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  })

export const verdictQuery = queryOptions({
  queryKey: ['audit-verdict'],
  queryFn: () => dataOf(api.GET('/api/audit/verify')),
  staleTime: 60_000,
})

const mostExported = 10_000

/** Entries as lines of JSON, newest first, as a file. @returns whether there were more than it holds */
export async function exportAudit(filter: AuditFilter): Promise<boolean> {
  const lines: string[] = []
  let before: string | undefined
  do {
    const page = await read(filter, before, 200)
    lines.push(...page.items.map((one) => JSON.stringify(one)))
    before = page.next ?? undefined
  } while (before !== undefined && lines.length < mostExported)
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([`${lines.join('\n')}\n`], { type: 'application/x-ndjson' }))
  link.download = `audit-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.jsonl`
  link.click()
  URL.revokeObjectURL(link.href)
  return before !== undefined
}
