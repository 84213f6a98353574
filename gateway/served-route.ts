import type { Route } from '../policies/policy.ts'
import type { RouteTallies } from './route-tallies.ts'

/**
 * A route with what its first call works out of it for those that follow. That is kept on the route: a table beside it
 * costs every call several more reads of memory, which with 10,000 routes is in no cache of the processor.
 */
export interface ServedRoute extends Route {
  /** Its fields in a line of the access log. */
  line: string | undefined
  tallies: RouteTallies | undefined
}
