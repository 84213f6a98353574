import { type ParsedLocation, redirect } from '@tanstack/react-router'
import { readSession, type Session } from './session.ts'

/** Who is signed in; nobody is sent to sign in, and comes back to where they wanted to be. */
export async function requireSession(location: ParsedLocation): Promise<Session> {
  const session = await readSession()
  if (session) return session
  throw redirect({ to: '/auth/sign-in', search: { to: location.href } })
}
