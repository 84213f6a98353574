import { type AnyRoute, createRoute, lazyRouteComponent } from '@tanstack/react-router'

export const backendsRoutes = <Parent extends AnyRoute>(parent: Parent) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: 'backends',
      validateSearch: ({ search }: { search?: string }) => (search ? { search } : {}),
      component: lazyRouteComponent(() => import('./backends.tsx'), 'Backends'),
    }),
    createRoute({
      getParentRoute: () => parent,
      path: 'backends/$backend',
      component: lazyRouteComponent(() => import('./backend.tsx'), 'Backend'),
    }),
  ] as const
