import { type AnyRoute, createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { RequestsSearch } from './requests.tsx'

const texts = ['range', 'status', 'call'] as const

/** Of all partners, or below a partner's address of its own. */
export const requestsRoutes = <Parent extends AnyRoute>(parent: Parent) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: 'requests',
      validateSearch: (given: Record<string, unknown>): RequestsSearch =>
        Object.fromEntries(
          texts.flatMap((name) => (typeof given[name] === 'string' ? [[name, given[name]]] : [])),
        ),
      component: lazyRouteComponent(() => import('./requests.tsx'), 'Requests'),
    }),
  ] as const
