import { queryOptions } from '@tanstack/react-query'
import { api, dataOf } from '../api/client.ts'

/** What waits for a decision of the platform team: for the frame, which says how many, and for their page. */
export const approvalsQuery = queryOptions({
  queryKey: ['approvals'],
  queryFn: () => dataOf(api.GET('/api/approvals', { params: { query: { limit: 200 } } })),
  refetchInterval: 30_000,
})
