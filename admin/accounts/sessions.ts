import { problem } from '../../registry/base/problem.ts'
import { peek } from '../../registry/one-time.ts'
import type { Registry } from '../../registry/store.ts'
import type { Accounts } from './auth.ts'

export interface ShownSession {
  readonly id: string
  readonly createdAt: number
  readonly address: string
  readonly browser: string
}

/** All of a person that have neither ended nor rested too long, newest first. @throws Problem store-unavailable */
export async function listSessions(
  r: Registry,
  accounts: Accounts,
  personId: string,
): Promise<ShownSession[]> {
  const { internalAdapter } = await accounts.$context
  const sessions = await internalAdapter.listSessions(personId, { onlyActiveSessions: true })
  const awake = await Promise.all(sessions.map(({ id }) => peek(r, 'session-idle', id)))
  return sessions
    .filter((_, i) => awake[i] !== undefined)
    .map(({ id, createdAt, ipAddress, userAgent }) => ({
      id,
      createdAt: createdAt.getTime(),
      address: ipAddress ?? '',
      browser: userAgent ?? '',
    }))
    .sort((a, b) => b.createdAt - a.createdAt)
}

/** Ends one session of a person. @throws Problem not-found, store-unavailable */
export async function endSession(accounts: Accounts, personId: string, sessionId: string): Promise<void> {
  const { adapter } = await accounts.$context
  const where = [
    { field: 'id', value: sessionId },
    { field: 'userId', value: personId },
  ]
  if ((await adapter.deleteMany({ model: 'session', where })) === 0)
    throw problem('not-found', { detail: 'There is no such session. It may have ended.' })
}

/** Ends all sessions of a person, but for one where it is named. @throws Problem store-unavailable */
export async function endSessions(accounts: Accounts, personId: string, butId?: string): Promise<void> {
  const { adapter } = await accounts.$context
  const but = butId === undefined ? [] : [{ field: 'id', value: butId, operator: 'ne' as const }]
  await adapter.deleteMany({ model: 'session', where: [{ field: 'userId', value: personId }, ...but] })
}
