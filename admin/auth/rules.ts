/**
 * Who may do what. The server enforces this table and the console hides by it; so it imports nothing.
 */

/** In the platform. `admin` is held by admin tokens only, and includes all others. */
export type PlatformPermission = 'read' | 'write' | 'publish' | 'credentials' | 'audit' | 'people' | 'admin'
/** In one partner. */
export type PortalPermission = 'portal:read' | 'portal:write' | 'portal:members'

export const platformRoles = {
  'platform-owner': ['read', 'write', 'publish', 'credentials', 'audit', 'people', 'admin'],
  'platform-operator': ['read', 'write', 'publish', 'credentials', 'audit'],
  'platform-viewer': ['read'],
  auditor: ['read', 'audit'],
} as const satisfies Record<string, readonly PlatformPermission[]>
export type PlatformRole = keyof typeof platformRoles

export const partnerRoles = {
  'partner-owner': ['portal:read', 'portal:write', 'portal:members'],
  'partner-developer': ['portal:read', 'portal:write'],
  'partner-viewer': ['portal:read'],
} as const satisfies Record<string, readonly PortalPermission[]>
export type PartnerRole = keyof typeof partnerRoles

export const permissionsOf = (roles: readonly PlatformRole[]): PlatformPermission[] => [
  ...new Set(roles.flatMap((role) => platformRoles[role])),
]

export const may = (held: readonly string[], wanted: string): boolean =>
  held.includes(wanted) || (held.includes('admin') && !wanted.startsWith('portal:'))

/**
 * How long a session lasts. Whoever can change the platform is signed out sooner.
 * `idleMs` without a call, `mostMs` in all.
 */
export const sessionLimits = {
  platform: { idleMs: 30 * 60_000, mostMs: 12 * 3_600_000 },
  partner: { idleMs: 8 * 3_600_000, mostMs: 7 * 24 * 3_600_000 },
} as const

/** After this long what is dangerous asks to sign in again. ms */
export const freshMs = 5 * 60_000
