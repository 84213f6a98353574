import { type AnyRoute, createRoute, lazyRouteComponent } from '@tanstack/react-router'

export const snapshotsRoutes = <Parent extends AnyRoute>(parent: Parent) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: 'snapshots',
      component: lazyRouteComponent(() => import('./snapshots.tsx'), 'Snapshots'),
    }),
    createRoute({
      getParentRoute: () => parent,
      path: 'snapshots/$number',
      component: lazyRouteComponent(() => import('./snapshot.tsx'), 'Snapshot'),
    }),
  ] as const
