import type { Exchange } from '../policies/policy.ts'
import { problem } from '../registry/base/problem.ts'
import type { Candidate, Leaf, RouteEntry, Table } from './compile.ts'
import type { Match } from './router.ts'

export interface Found {
  readonly entry: RouteEntry
  readonly params: Readonly<Record<string, string>>
  /** A CORS preflight: only the `cors` policy of the route answers. */
  readonly isPreflight: boolean
}

const nothingThere =
  'Nothing is published at this path. Compare host, base path and version with the API’s document.'

/** @throws Problem route-unknown; method-not-allowed with Allow */
export function findRoute(table: Table, x: Exchange): Found {
  const { method, headers } = x.request
  const match = findPath(table, x)
  // Without the path: a key or a card number in a mistyped address must not come back into somebody's error log.
  if (!match) throw problem('route-unknown', { detail: nothingThere })
  const { byMethod } = match.value
  // A service that answers GET answers HEAD (RFC 9110 §9.1), whether its document says so or not.
  const candidates = byMethod.get(method) ?? (method === 'HEAD' ? byMethod.get('GET') : undefined)
  if (candidates) return { entry: chosen(candidates, x), params: match.params, isPreflight: false }
  const asked = headers['access-control-request-method']
  if (method === 'OPTIONS' && headers.origin !== undefined && typeof asked === 'string') {
    const wanted = byMethod.get(asked)
    const entry = wanted && pick(wanted, x)
    if (entry?.preflight) return { entry, params: match.params, isPreflight: true }
  }
  const allow = allowed(byMethod)
  throw problem('method-not-allowed', { detail: `Use one of ${allow}.`, headers: { allow } })
}

/** Versions that have a host of their own are looked at first, then those of any host. */
function findPath({ hosts, anyHost }: Table, { request }: Exchange): Match<Leaf> | undefined {
  if (hosts.size > 0) {
    const own = hosts.get(request.host)?.find(request.path)
    if (own) return own
    const dot = request.host.indexOf('.')
    const wild = dot > 0 ? hosts.get(`*${request.host.slice(dot)}`)?.find(request.path) : undefined
    if (wild) return wild
  }
  return anyHost.find(request.path)
}

function chosen(candidates: readonly Candidate[], x: Exchange): RouteEntry {
  const entry = pick(candidates, x)
  if (entry) return entry
  const { name } = candidates[0]!.header!
  const values = candidates.map((c) => c.header!.value).join(', ')
  throw problem('route-unknown', { detail: `Name a version in the header ${name}: one of ${values}.` })
}

function pick(candidates: readonly Candidate[], x: Exchange): RouteEntry | undefined {
  let fallback: RouteEntry | undefined
  for (const { header, entry } of candidates) {
    if (header === null) return entry
    const given = x.request.headers[header.name]
    if (given === header.value) return entry
    if (given === undefined && header.isDefault) fallback = entry
  }
  return fallback
}

function allowed(byMethod: ReadonlyMap<string, unknown>): string {
  const methods = [...byMethod.keys()]
  if (byMethod.has('GET') && !byMethod.has('HEAD')) methods.push('HEAD')
  return methods.sort().join(', ')
}
