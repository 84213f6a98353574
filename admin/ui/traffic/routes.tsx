import { type AnyRoute, createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { type Range, ranges, type TrafficSearch } from './search.ts'

/** Of all partners, or below a partner's address of its own. */
export const trafficRoutes = <Parent extends AnyRoute>(parent: Parent, path: 'traffic' | 'usage') =>
  [
    createRoute({
      getParentRoute: () => parent,
      path,
      validateSearch: ({ range, by, from, to }: Record<string, unknown>): TrafficSearch => ({
        ...(ranges.includes(range as Range) && { range: range as Range }),
        ...(typeof by === 'string' && { by }),
        ...(typeof from === 'number' && typeof to === 'number' && { from, to }),
      }),
      component: lazyRouteComponent(() => import('./traffic.tsx'), 'Traffic'),
    }),
  ] as const
