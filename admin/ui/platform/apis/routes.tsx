import { type AnyRoute, createRoute, lazyRouteComponent } from '@tanstack/react-router'

export const apisRoutes = <Parent extends AnyRoute>(parent: Parent) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: 'apis',
      validateSearch: ({ search }: { search?: string }) => (search ? { search } : {}),
      component: lazyRouteComponent(() => import('./apis.tsx'), 'Apis'),
    }),
  ] as const
