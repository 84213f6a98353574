import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router'
import { authRoutes } from '../auth/routes.tsx'
import { PageFault, PageUnknown } from '../kit/states.tsx'
import { platformRoutes } from '../platform/routes.tsx'
import { portalRoutes } from '../portal/routes.tsx'
import { requireSession } from './guard.ts'
import { homeOf } from './navigation.ts'

const root = createRootRoute({ notFoundComponent: PageUnknown })

const start = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: async ({ location }) => {
    throw redirect({ to: homeOf(await requireSession(location)) })
  },
})

/** Everything that only who is signed in may see, within the frame. */
const framed = createRoute({
  getParentRoute: () => root,
  id: 'framed',
  beforeLoad: async ({ location }) => ({ session: await requireSession(location) }),
  component: lazyRouteComponent(() => import('./shell.tsx'), 'Shell'),
})
export type Framed = typeof framed

/** Whatever else is asked for: the frame stays, so that one can go on from there. */
const unknown = createRoute({ getParentRoute: () => framed, path: '$', component: PageUnknown })

const tree = root.addChildren([
  start,
  authRoutes(root),
  framed.addChildren([platformRoutes(framed), portalRoutes(framed), unknown]),
])

export const router = createRouter({
  routeTree: tree,
  defaultPreload: 'intent',
  defaultErrorComponent: PageFault,
  defaultNotFoundComponent: PageUnknown,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
