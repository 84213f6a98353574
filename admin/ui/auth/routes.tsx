import { type AnyRoute, createRoute, lazyRouteComponent } from '@tanstack/react-router'

/** What is seen without being signed in, or before one may go on. */
export const authRoutes = <Root extends AnyRoute>(root: Root) => {
  const auth = createRoute({
    getParentRoute: () => root,
    path: '/auth',
    component: lazyRouteComponent(() => import('./frame.tsx'), 'Frame'),
  })
  const screen = <Path extends string>(path: Path, component: ReturnType<typeof lazyRouteComponent>) =>
    createRoute({ getParentRoute: () => auth, path, component })
  return auth.addChildren([
    createRoute({
      getParentRoute: () => auth,
      path: 'sign-in',
      validateSearch: ({ to }: { to?: string }) => (isOurs(to) ? { to } : {}),
      component: lazyRouteComponent(() => import('./sign-in.tsx'), 'SignIn'),
    }),
    screen(
      'second-factor',
      lazyRouteComponent(() => import('./set-up-second-factor.tsx'), 'SetUpSecondFactor'),
    ),
    screen(
      'invitation',
      lazyRouteComponent(() => import('./invitation.tsx'), 'Invitation'),
    ),
    screen(
      'forgot',
      lazyRouteComponent(() => import('./forgot.tsx'), 'Forgot'),
    ),
    screen(
      'new-password',
      lazyRouteComponent(() => import('./new-password.tsx'), 'NewPassword'),
    ),
    screen(
      'no-access',
      lazyRouteComponent(() => import('./no-access.tsx'), 'NoAccess'),
    ),
  ])
}

/** Only a path of ours: who is signed in is sent nowhere else. */
const isOurs = (to: string | undefined): to is string => to !== undefined && /^\/(?![/\\])/.test(to)
