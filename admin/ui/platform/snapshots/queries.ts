import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, dataOf, type Schemas } from '../../api/client.ts'

export type SnapshotSummary = Schemas['SnapshotSummary']
export type SnapshotDiff = Schemas['SnapshotDiff']

export const snapshotsQuery = infiniteQueryOptions({
  queryKey: ['snapshots'],
  queryFn: ({ pageParam }) =>
    dataOf(
      api.GET('/api/snapshots', {
        params: { query: { limit: 50, ...(pageParam && { before: pageParam }) } },
      }),
    ),
  initialPageParam: undefined as number | undefined,
  getNextPageParam: ({ next }) => (next === null ? undefined : Number(next)),
  refetchInterval: 10_000,
})

/** What `number` changed, next to another; absent: next to the one before it. */
export const diffQuery = (number: number, from?: number) =>
  queryOptions({
    queryKey: ['snapshots', number, 'diff', from ?? 'before'],
    queryFn: () =>
      dataOf(
        api.GET('/api/snapshots/{number}/diff', {
          params: { path: { number: String(number) }, query: from === undefined ? {} : { from } },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  })

export const rollBack = (number: number, note: string) =>
  dataOf(
    api.POST('/api/snapshots/{number}/rollback', {
      params: { path: { number: String(number) } },
      body: { note },
    }),
  )
