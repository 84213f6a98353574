import { portalApplicationRoutes } from './applications.ts'
import { portalCatalogRoutes } from './catalog.ts'
import { portalCredentialRoutes } from './credentials.ts'
import { portalQuickStartRoutes } from './quick-start.ts'
import { portalSubscriptionRoutes } from './subscriptions.ts'

/** What partners do for themselves. Who is no member of the partner in the address finds nothing there. */
export const portalRoutes = [
  ...portalCatalogRoutes,
  ...portalQuickStartRoutes,
  ...portalApplicationRoutes,
  ...portalSubscriptionRoutes,
  ...portalCredentialRoutes,
]
