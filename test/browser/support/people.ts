import type { BrowserContextOptions } from 'playwright-core'
import { createAdminToken } from '../../../registry/admin-tokens.ts'
import type { ConsolePlatform } from './platform.ts'

const permissions = {
  'platform-owner': ['admin'],
  'platform-operator': ['read', 'write', 'credentials', 'publish'],
  'platform-viewer': ['read'],
} as const

export type Role = keyof typeof permissions

/** A browser in which somebody with this role is signed in. */
export async function signedIn({ registry }: ConsolePlatform, role: Role): Promise<BrowserContextOptions> {
  const token = await createAdminToken(
    registry,
    { id: 'test' },
    { title: role, permissions: [...permissions[role]], expiresAt: null },
  )
  return { extraHTTPHeaders: { authorization: `Bearer ${token.secret}` } }
}
