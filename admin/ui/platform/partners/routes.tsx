import { type AnyRoute, createRoute, lazyRouteComponent } from '@tanstack/react-router'

export const partnersRoutes = <Parent extends AnyRoute>(parent: Parent) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: 'partners',
      validateSearch: ({ search }: { search?: string }) => (search ? { search } : {}),
      component: lazyRouteComponent(() => import('./partners.tsx'), 'Partners'),
    }),
    createRoute({
      getParentRoute: () => parent,
      // Not `partner`: by that name the frame knows whose portal one is in.
      path: 'partners/$partnerId',
      validateSearch: ({ application }: { application?: string }) => (application ? { application } : {}),
      component: lazyRouteComponent(() => import('./partner.tsx'), 'Partner'),
    }),
  ] as const
