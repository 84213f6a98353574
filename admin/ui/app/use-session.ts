import { useRouteContext } from '@tanstack/react-router'
import type { Session } from './session.ts'

/** Who is signed in; for screens within the frame, where somebody always is. */
export const useSession = (): Session =>
  useRouteContext({ strict: false, select: ({ session }: { session?: Session }) => session }) as Session
