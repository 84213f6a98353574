import { type AnyRoute, createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { viewOf } from './views.ts'

const search = ({ view }: { view?: unknown }) => {
  const known = viewOf(view)
  return known ? { view: known } : {}
}

/** The pages of a version's document, below an address whose layout says where they get it from. */
function pagesBelow<Parent extends AnyRoute>(parent: Parent) {
  const overview = createRoute({
    getParentRoute: () => parent,
    path: '/',
    component: lazyRouteComponent(() => import('./overview.tsx'), 'Overview'),
  })
  const operation = createRoute({
    getParentRoute: () => parent,
    path: 'operations/$operation',
    validateSearch: search,
    component: lazyRouteComponent(() => import('./operation.tsx'), 'OperationPage'),
  })
  return [overview, operation] as const
}

/** Of a version as the platform drafts it. */
export function platformDocsRoutes<Parent extends AnyRoute>(parent: Parent) {
  const layout = createRoute({
    getParentRoute: () => parent,
    path: 'versions/$version/docs',
    component: lazyRouteComponent(() => import('./platform-docs.tsx'), 'PlatformDocs'),
  })
  return [layout.addChildren(pagesBelow(layout))] as const
}

/** Of a version as a partner sees it. */
export function portalDocsRoutes<Parent extends AnyRoute>(parent: Parent) {
  const layout = createRoute({
    getParentRoute: () => parent,
    path: 'apis/$version',
    component: lazyRouteComponent(() => import('./portal-docs.tsx'), 'PortalDocs'),
  })
  return [layout.addChildren(pagesBelow(layout))] as const
}
