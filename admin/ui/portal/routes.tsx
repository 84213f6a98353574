import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { Framed } from '../app/router.tsx'
import { portalDocsRoutes } from '../docs/routes.tsx'

/** The workspace of a partner. Each folder of a screen brings its own addresses. */
export const portalRoutes = (framed: Framed) => {
  const portal = createRoute({ getParentRoute: () => framed, path: '/portal/$partner' })
  const home = createRoute({
    getParentRoute: () => portal,
    path: '/',
    component: lazyRouteComponent(() => import('./home/home.tsx'), 'Home'),
  })
  return portal.addChildren([home, ...portalDocsRoutes(portal)])
}
