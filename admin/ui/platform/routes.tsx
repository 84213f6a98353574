import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { Framed } from '../app/router.tsx'
import { platformDocsRoutes } from '../docs/routes.tsx'
import { requestsRoutes } from '../requests/routes.tsx'
import { trafficRoutes } from '../traffic/routes.tsx'
import { apisRoutes } from './apis/routes.tsx'
import { approvalsRoutes } from './approvals/routes.tsx'
import { auditRoutes } from './audit/routes.tsx'
import { backendsRoutes } from './backends/routes.tsx'
import { partnersRoutes } from './partners/routes.tsx'
import { snapshotsRoutes } from './snapshots/routes.tsx'

/** The workspace of the platform team. Each folder of a screen brings its own addresses. */
export const platformRoutes = (framed: Framed) => {
  const platform = createRoute({ getParentRoute: () => framed, path: '/admin' })
  const overview = createRoute({
    getParentRoute: () => platform,
    path: '/',
    component: lazyRouteComponent(() => import('./overview/overview.tsx'), 'Overview'),
  })
  return platform.addChildren([
    overview,
    ...requestsRoutes(platform),
    ...trafficRoutes(platform, 'traffic'),
    ...apisRoutes(platform),
    ...platformDocsRoutes(platform),
    ...backendsRoutes(platform),
    ...partnersRoutes(platform),
    ...approvalsRoutes(platform),
    ...snapshotsRoutes(platform),
    ...auditRoutes(platform),
  ])
}
