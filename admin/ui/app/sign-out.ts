import { useRouter } from '@tanstack/react-router'
import { api } from '../api/client.ts'
import { queryClient } from './queries.ts'

export function useSignOut(): () => Promise<void> {
  const router = useRouter()
  return async () => {
    // Away first: what the screens here still asked for would be refused.
    await router.navigate({ href: '/auth/sign-in' })
    await queryClient.cancelQueries()
    await api.POST('/api/session/end').catch(() => undefined) // a session that has ended already is what was wanted
    queryClient.clear()
  }
}
