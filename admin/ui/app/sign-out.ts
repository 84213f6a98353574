import { useRouter } from '@tanstack/react-router'
import { api } from '../api/client.ts'
import { queryClient } from './queries.ts'

export function useSignOut(): () => Promise<void> {
  const router = useRouter()
  return async () => {
    await api.POST('/api/session/end').catch(() => undefined) // a session that has ended already is what was wanted
    queryClient.clear()
    await router.navigate({ href: '/auth/sign-in' })
  }
}
