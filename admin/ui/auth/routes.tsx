import { type AnyRoute, createRoute, lazyRouteComponent } from '@tanstack/react-router'

/** What is seen without being signed in. */
export const authRoutes = <Root extends AnyRoute>(root: Root) => {
  const auth = createRoute({
    getParentRoute: () => root,
    path: '/auth',
    component: lazyRouteComponent(() => import('./frame.tsx'), 'Frame'),
  })
  const signIn = createRoute({
    getParentRoute: () => auth,
    path: 'sign-in',
    validateSearch: ({ to }: { to?: string }) => (isOurs(to) ? { to } : {}),
    component: lazyRouteComponent(() => import('./sign-in.tsx'), 'SignIn'),
  })
  return auth.addChildren([signIn])
}

/** Only a path of ours: who is signed in is sent nowhere else. */
const isOurs = (to: string | undefined): to is string => to !== undefined && /^\/(?![/\\])/.test(to)
