import {
  IconActivity,
  IconApi,
  IconApps,
  IconBuilding,
  IconChartLine,
  IconChecklist,
  IconHistory,
  IconHome,
  IconListCheck,
  IconListSearch,
  type IconProps,
  IconServer2,
} from '@tabler/icons-react'
import type { ComponentType } from 'react'
import type { Session } from './session.ts'

/** One line of the navigation. The order here is the order there. */
export interface Entry {
  /** Key of its text in `common`: `nav.<key>`. */
  readonly key: string
  readonly to: string
  readonly icon: ComponentType<IconProps>
  /** What one must be allowed to see it. */
  readonly needs: string
  readonly group?: string
  /** `g` and then this letter leads there. */
  readonly letter?: string
  /** Whether it shows how many wait for a decision. */
  readonly hasCount?: boolean
}

export const platformEntries: readonly Entry[] = [
  { key: 'overview', to: '/admin', icon: IconActivity, needs: 'read', letter: 'o' },
  { key: 'requests', to: '/admin/requests', icon: IconListSearch, needs: 'read', letter: 'r' },
  { key: 'traffic', to: '/admin/traffic', icon: IconChartLine, needs: 'read', letter: 't' },
  { key: 'apis', to: '/admin/apis', icon: IconApi, needs: 'read', letter: 'a' },
  { key: 'backends', to: '/admin/backends', icon: IconServer2, needs: 'read', letter: 'b' },
  { key: 'partners', to: '/admin/partners', icon: IconBuilding, needs: 'read', letter: 'p' },
  {
    key: 'approvals',
    to: '/admin/approvals',
    icon: IconChecklist,
    needs: 'read',
    letter: 'v',
    hasCount: true,
  },
  { key: 'snapshots', to: '/admin/snapshots', icon: IconHistory, needs: 'read', letter: 's' },
  { key: 'audit', to: '/admin/audit', icon: IconListCheck, needs: 'audit', letter: 'l' },
]

/** Below `/portal/$partner`. */
export const portalEntries: readonly Entry[] = [
  { key: 'home', to: '', icon: IconHome, needs: 'portal:read', letter: 'h' },
  { key: 'catalog', to: '/apis', icon: IconApi, needs: 'portal:read', letter: 'a' },
  { key: 'applications', to: '/applications', icon: IconApps, needs: 'portal:read', letter: 'p' },
  { key: 'usage', to: '/usage', icon: IconChartLine, needs: 'portal:read', letter: 'u' },
  { key: 'requests', to: '/requests', icon: IconListSearch, needs: 'portal:read', letter: 'r' },
]

export const worksForPlatform = (session: Session) => session.permissions.length > 0

export const maySee = (permissions: readonly string[], needs: string) =>
  permissions.includes(needs) || permissions.includes('admin')

/** Where somebody begins. */
export function homeOf(session: Session): string {
  if (worksForPlatform(session)) return '/admin'
  const [first] = session.partners
  return first ? `/portal/${first.name}` : '/auth/no-access'
}
