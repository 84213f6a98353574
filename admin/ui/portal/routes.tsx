import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { Framed } from '../app/router.tsx'
import { portalDocsRoutes } from '../docs/routes.tsx'
import { requestsRoutes } from '../requests/routes.tsx'
import { trafficRoutes } from '../traffic/routes.tsx'

const searchText = ({ search }: { search?: string }) => (search ? { search } : {})

/** The workspace of a partner. Each folder of a screen brings its own addresses. */
export const portalRoutes = (framed: Framed) => {
  const portal = createRoute({ getParentRoute: () => framed, path: '/portal/$partner' })
  const screens = [
    createRoute({
      getParentRoute: () => portal,
      path: '/',
      component: lazyRouteComponent(() => import('./home/home.tsx'), 'Home'),
    }),
    createRoute({
      getParentRoute: () => portal,
      path: 'start',
      validateSearch: ({ version }: { version?: string }) => (version ? { version } : {}),
      component: lazyRouteComponent(() => import('./start/start.tsx'), 'Start'),
    }),
    createRoute({
      getParentRoute: () => portal,
      path: 'apis',
      validateSearch: searchText,
      component: lazyRouteComponent(() => import('./catalog/catalog.tsx'), 'Catalog'),
    }),
    createRoute({
      getParentRoute: () => portal,
      path: 'applications',
      component: lazyRouteComponent(() => import('./applications/applications.tsx'), 'Applications'),
    }),
    createRoute({
      getParentRoute: () => portal,
      path: 'applications/$application',
      component: lazyRouteComponent(() => import('./applications/application.tsx'), 'Application'),
    }),
  ] as const
  return portal.addChildren([
    ...screens,
    ...portalDocsRoutes(portal),
    ...requestsRoutes(portal),
    ...trafficRoutes(portal, 'usage'),
  ])
}
