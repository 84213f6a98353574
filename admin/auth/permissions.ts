import { problem } from '../../registry/base/problem.ts'
import { kinds } from '../../registry/kinds.ts'
import type { Permission } from '../../registry/model.ts'
import { findByName, type Registry } from '../../registry/store.ts'
import { type Caller, isConfirmed, permissionsIn } from './caller.ts'
import { freshMs, may, type PortalPermission } from './rules.ts'

export type { PortalPermission } from './rules.ts'

/** What a row asks for. `person`: anybody who signed in, also before their second factor is there. */
export type Asked = Permission | PortalPermission | 'any' | 'person'

export const isOfPortal = (permission: string): permission is PortalPermission =>
  permission.startsWith('portal:')

/** @throws Problem `access-denied` with the RFC 6750 challenge that names what is missing; `second-factor-missing` */
export function requirePermission(caller: Caller, asked: Permission | 'any' | 'person'): void {
  const { session } = caller
  if (asked === 'person') {
    if (session) return
    throw problem('access-denied', { detail: 'This is for people who signed in, not for admin tokens.' })
  }
  if (asked === 'any') return
  if (session?.mustEnrol)
    throw problem('second-factor-missing', {
      detail: 'Set up your second factor first: it protects the platform.',
    })
  if (may(caller.permissions, asked)) return
  throw problem('access-denied', {
    detail: session
      ? `This needs the permission "${asked}". An owner of the platform can give you a role that has it.`
      : `This needs a token with the permission "${asked}".`,
    headers: { 'WWW-Authenticate': `Bearer realm="admin", error="insufficient_scope", scope="${asked}"` },
    note: `caller ${caller.id}`,
  })
}

/**
 * Lets members of a partner in. For all others, admin tokens too, the partner does not exist: it has rows of its own for
 * the platform.
 *
 * @returns the id of the partner
 * @throws Problem not-found, access-denied, store-unavailable
 */
export async function requireMembership(
  r: Registry,
  caller: Caller,
  partner: string,
  asked: PortalPermission,
): Promise<string> {
  const { session } = caller
  const ids = session?.person.memberships.map(({ partnerId }) => partnerId) ?? []
  const id = ids.includes(partner) ? partner : (await findByName(r, kinds.partner, partner))?.value.id
  if (id === undefined || !ids.includes(id))
    throw problem('not-found', { detail: `There is no partner "${partner}".` })
  if (session!.mustEnrol) requirePermission(caller, 'read')
  if (may(permissionsIn(session, id), asked)) return id
  throw problem('access-denied', {
    detail: `This needs the permission "${asked}". An owner of your partner account can give you a role that has it.`,
  })
}

/** @throws Problem `sign-in-again` where a person did not prove themselves within the last five minutes */
export async function requireFresh(r: Registry, { session }: Caller): Promise<void> {
  if (!session || (await isConfirmed(r, session, freshMs))) return
  throw problem('sign-in-again', { detail: 'Confirm with your password: this cannot be undone.' })
}
