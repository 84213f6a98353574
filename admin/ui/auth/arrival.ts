import { useRouter } from '@tanstack/react-router'
import { homeOf } from '../app/navigation.ts'
import { forgetSession, readSession } from '../app/session.ts'

/** Goes to where somebody wanted to be before they had to sign in; first they set up what the platform asks of them. */
export function useArrival(to: string | undefined): () => Promise<void> {
  const router = useRouter()
  return async () => {
    await forgetSession()
    const session = await readSession()
    if (!session) return
    await router.invalidate()
    await router.navigate({
      href: session.mustSetUpSecondFactor ? '/auth/second-factor' : (to ?? homeOf(session)),
    })
  }
}
