import type { ShownAdminToken } from '../../registry/admin-tokens.ts'
import { problem } from '../../registry/base/problem.ts'
import type { Permission } from '../../registry/model.ts'

/** `admin` includes all the others; none of the others includes another. */
export function allows(token: Pick<ShownAdminToken, 'permissions'>, permission: Permission | 'any'): boolean {
  return permission === 'any' || token.permissions.includes(permission) || token.permissions.includes('admin')
}

/** @throws Problem `access-denied` with the RFC 6750 challenge that names what is missing */
export function requirePermission(token: ShownAdminToken, permission: Permission | 'any'): void {
  if (allows(token, permission)) return
  throw problem('access-denied', {
    detail: `This needs a token with the permission "${permission}".`,
    headers: {
      'WWW-Authenticate': `Bearer realm="admin", error="insufficient_scope", scope="${permission}"`,
    },
    note: `token ${token.id}`,
  })
}
