import { QueryClient } from '@tanstack/react-query'
import { problemOf } from '../api/problem.ts'

/** What the server said, kept while it is fresh. Nothing is assumed to have succeeded before it says so. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      // A refusal stays one; what may pass is tried again: later and later, and without end, as the page shows the old.
      retry: (failures, error) => isPassing(error) && failures < 30,
      retryDelay: (failures) => Math.min(500 * 2 ** failures, 5_000),
      throwOnError: false,
    },
    mutations: { retry: false },
  },
})

function isPassing(error: unknown): boolean {
  const { status } = problemOf(error)
  return status === 0 || status === 502 || status === 503 || status === 504
}
