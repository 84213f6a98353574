import { queryOptions } from '@tanstack/react-query'
import type { paths } from '../api/admin-api.d.ts'
import { api, dataOf } from '../api/client.ts'
import { ProblemError } from '../api/problem.ts'
import { queryClient } from './queries.ts'

/** Who is signed in, with what each may; `null`: nobody. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  staleTime: 60_000,
  queryFn: async (): Promise<Session | null> => {
    try {
      return await dataOf(api.GET('/api/session'))
    } catch (error) {
      if (error instanceof ProblemError && error.problem.status === 401) return null
      throw error
    }
  },
})

export type Session = paths['/api/session']['get']['responses']['200']['content']['application/json']

export const readSession = () => queryClient.ensureQueryData(sessionQuery)

/** After sign-in and sign-out: what another person was shown must be gone. */
export async function forgetSession(): Promise<void> {
  queryClient.clear()
  await queryClient.fetchQuery(sessionQuery)
}
