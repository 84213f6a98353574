import { type AnyRoute, createRoute, lazyRouteComponent } from '@tanstack/react-router'

export interface AuditSearch {
  readonly noun?: string
  readonly subject?: string
  readonly actor?: string
  /** The entry that is open. */
  readonly entry?: string
}

export const auditRoutes = <Parent extends AnyRoute>(parent: Parent) =>
  [
    createRoute({
      getParentRoute: () => parent,
      path: 'audit',
      validateSearch: (search: Record<string, unknown>): AuditSearch =>
        Object.fromEntries(
          ['noun', 'subject', 'actor', 'entry'].flatMap((name) =>
            typeof search[name] === 'string' && search[name] !== '' ? [[name, search[name]]] : [],
          ),
        ),
      component: lazyRouteComponent(() => import('./audit.tsx'), 'Audit'),
    }),
  ] as const
