import { createHmac } from 'node:crypto'
import { openAccounts } from '../../admin/accounts/auth.ts'
import { wake } from '../../admin/auth/caller.ts'
import { type PartnerRole, type PlatformRole, partnerRoles } from '../../admin/auth/rules.ts'
import { loadConfig } from '../../registry/base/config.ts'
import { createLog } from '../../registry/base/log.ts'
import { createPerson, findPersonByEmail } from '../../registry/people.ts'

import type { Registry } from '../../registry/store.ts'

export type Role = PlatformRole | PartnerRole

export interface SignedIn {
  readonly personId: string
  readonly email: string
  /** For `Cookie:` or for a browser. */
  readonly cookie: { readonly name: string; readonly value: string }
}

/**
 * Somebody with a role, signed in: without the screens for it, and for the platform team as if the second factor was set
 * up. Who has the address already gets one more session.
 *
 * @param env what the admin service was started with: its keys sign the cookie
 * @param partnerId for roles in a partner
 */
export async function signInAs(
  registry: Registry,
  env: Readonly<Record<string, string>>,
  role: Role,
  partnerId?: string,
  email = `${role}@example.com`,
): Promise<SignedIn> {
  const accounts = openAccounts(registry, loadConfig({ ...env }), createLog('test', 'silent'))
  const { internalAdapter, secret, authCookies } = await accounts.$context
  const personId =
    (await findPersonByEmail(registry, email))?.value.id ??
    (await make(accounts, registry, role, role in partnerRoles ? partnerId : undefined, email))
  const session = await internalAdapter.createSession(personId)
  await wake(registry, session.id)
  const signature = createHmac('sha256', secret).update(session.token).digest('base64')
  const value = encodeURIComponent(`${session.token}.${signature}`)
  return { personId, email, cookie: { name: authCookies.sessionToken.name, value } }
}

async function make(
  accounts: ReturnType<typeof openAccounts>,
  registry: Registry,
  role: Role,
  partnerId: string | undefined,
  email: string,
): Promise<string> {
  const { internalAdapter } = await accounts.$context
  const name = role.replace('-', ' ')
  const { id } = await internalAdapter.createUser({ email, name, emailVerified: true }, { method: 'admin' })
  if (!(role in partnerRoles)) await internalAdapter.updateUser(id, { twoFactorEnabled: true })
  await createPerson(
    registry,
    { id: 'test' },
    {
      id,
      email,
      name,
      roles: role in partnerRoles ? [] : [role as PlatformRole],
      memberships: partnerId === undefined ? [] : [{ partnerId, role: role as PartnerRole }],
    },
  )
  return id
}
