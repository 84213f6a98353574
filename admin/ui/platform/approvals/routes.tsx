import { type AnyRoute, createRoute, lazyRouteComponent } from '@tanstack/react-router'

export const approvalsRoutes = <Parent extends AnyRoute>(parent: Parent) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: 'approvals',
      component: lazyRouteComponent(() => import('./approvals.tsx'), 'Approvals'),
    }),
  ] as const
