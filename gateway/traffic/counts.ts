import type { Exchange, Identity, Route, TargetView } from '../../policies/policy.ts'
import { addCells, type Cells, countCall, newCells } from '../../registry/traffic/cells.ts'
import type { SeriesKey } from '../../registry/traffic/views.ts'
import type { Timing } from '../handle.ts'
import { limitOf } from './stopped-by.ts'

/** What a thread counted of calls that have all dimensions in common. */
export interface CountedSeries {
  readonly key: Omit<SeriesKey, 'gateway'>
  readonly cells: Cells
}

/**
 * Counts of the calls that ended since they were last taken. A call costs two look-ups by object in small maps, none
 * where it is like the call before, and some additions; keys are made into text when they are taken.
 */
export interface TrafficCounts {
  observe(x: Exchange, timing: Timing): void
  take(): CountedSeries[]
}

interface Entry {
  readonly route: Route | undefined
  readonly identity: Identity | undefined
  /** By its id: the stand-in of a target that is tried after a recovery is another object. */
  readonly target: TargetView | undefined
  readonly upstream: string
  readonly environment: string
  readonly cells: Cells
}

/** Most series between two takes; the calls of further ones are counted together. Their sum stays right. */
const maxEntries = 2_000

export function createTrafficCounts(): TrafficCounts {
  let byRoute = new Map<Route | undefined, Map<Identity | undefined, Entry[]>>()
  let entries: Entry[] = []
  /** By environment: calls for which there was no room. */
  const others = new Map<string, Entry>()
  let last: Entry | undefined

  const isOf = (entry: Entry, { route, identity, target, environment }: Exchange, upstream: string) =>
    entry.route === route &&
    entry.identity === identity &&
    entry.target === target &&
    entry.upstream === upstream &&
    entry.environment === environment

  function entryOf(x: Exchange, upstream: string): Entry {
    const found = byRoute
      .get(x.route)
      ?.get(x.identity)
      ?.find((entry) => isOf(entry, x, upstream))
    return found ?? (entries.length < maxEntries ? add(x, upstream) : othersOf(x))
  }

  function add(x: Exchange, upstream: string): Entry {
    const { route, identity, target, environment } = x
    const made = { route, identity, target, upstream, environment, cells: newCells() }
    let byIdentity = byRoute.get(route)
    if (!byIdentity) {
      byIdentity = new Map()
      byRoute.set(route, byIdentity)
    }
    const alike = byIdentity.get(identity)
    if (alike) alike.push(made)
    else byIdentity.set(identity, [made])
    entries.push(made)
    return made
  }

  function othersOf({ environment }: Exchange): Entry {
    let found = others.get(environment)
    if (!found) {
      const nothing = { route: undefined, identity: undefined, target: undefined, upstream: '' }
      found = { ...nothing, environment, cells: newCells() }
      others.set(environment, found)
    }
    return found
  }

  return {
    observe(x, { status, totalMs, upstreamMs }) {
      // A service that was not asked had no part in it, such as when a limit refused.
      const upstream = upstreamMs === undefined ? '' : x.upstream!.id
      if (last === undefined || !isOf(last, x, upstream)) last = entryOf(x, upstream)
      const isLimited = x.problem !== undefined && limitOf[x.problem.code] !== undefined
      countCall(last.cells, status, isLimited, totalMs, Math.max(0, totalMs - (upstreamMs ?? 0)))
    },
    take() {
      const taken = [...entries, ...others.values()]
      entries = []
      others.clear()
      byRoute = new Map()
      last = undefined
      return merged(taken)
    },
  }
}

/** Routes and identities are made anew now and then: what is the same by its ids is one series. */
function merged(entries: readonly Entry[]): CountedSeries[] {
  const byName = new Map<string, CountedSeries>()
  for (const { route, identity, target, upstream, environment, cells } of entries) {
    const key = {
      environment,
      api: route?.apiId ?? '',
      version: route?.versionId ?? '',
      operation: route?.operation.id ?? '',
      partner: identity?.partnerId ?? '',
      application: identity?.applicationId ?? '',
      credential: identity?.credentialId ?? '',
      upstream,
      target: target?.id ?? '',
    }
    const name = Object.values(key).join('\n')
    const found = byName.get(name)
    if (found) addCells(found.cells, cells)
    else byName.set(name, { key, cells })
  }
  return [...byName.values()]
}
