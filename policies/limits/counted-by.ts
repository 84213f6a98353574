import { networkOf } from '../../registry/base/network.ts'
import { valueAt } from '../../registry/base/pointer.ts'
import type { Deps, Exchange, Identity } from '../policy.ts'
import type { Per } from './schema.ts'

/** Whose count, and which of its counts: names of keys, stable over revisions of the config. */
export interface Counted {
  readonly owner: string
  readonly rule: string
}

/** What the count is called in the RateLimit headers. */
export const nameOf = (per: Per): string =>
  typeof per === 'string' ? per : 'header' in per ? 'header' : 'body'

/**
 * Finds what makes a call count, and hands it to `make`; where it is the caller alone, what was made is kept and used
 * for its next calls, too. Counts are kept apart by environment and by the place of the config, not by its content: an
 * edit does not give anybody a fresh start.
 */
export function countedBy<T>(per: Per, deps: Deps, make: (counted: Counted) => T): (x: Exchange) => T {
  const { level, id } = deps.place
  // A plan's limit is compiled per version; "per plan" it is one count over all of them.
  const planPlace = level === 'plan' ? 'plan' : id
  const byCaller = (key: (identity: Identity) => string) => {
    const kept = { live: new Map<string, T>(), sandbox: new Map<string, T>() }
    return (x: Exchange, identity: Identity): T => {
      const own = kept[x.environment]
      const name = key(identity)
      let made = own.get(name)
      if (made === undefined) {
        if (own.size >= maxKept) own.clear()
        made = make({
          owner: identity.partnerId,
          rule: `${x.environment}:${id}:${name === identity.partnerId ? 'partner' : name}`,
        })
        own.set(name, made)
      }
      return made
    }
  }
  const ofApplication = byCaller((identity) => identity.applicationId)
  const ofPartner = byCaller((identity) => identity.partnerId)
  const ofAddress = (x: Exchange) =>
    make({ owner: networkOf(x.request.ip), rule: `${x.environment}:${id}:address` })
  const ofValue = (x: Exchange, name: string, value: string | undefined): T => {
    const owner = x.identity?.partnerId ?? networkOf(x.request.ip)
    const rest = value === undefined ? '' : `:${deps.hash(value)}`
    return make({ owner, rule: `${x.environment}:${id}:${name}${rest}` })
  }

  if (typeof per !== 'string') {
    if ('header' in per) return (x) => ofValue(x, `header:${per.header}`, headerOf(x, per.header))
    return (x) => ofValue(x, `body:${per.bodyPointer}`, bodyValue(x, per.bodyPointer))
  }
  return (x) => {
    const { identity, environment } = x
    if (per === 'address' || identity === undefined) return ofAddress(x)
    if (per === 'partner') return ofPartner(x, identity)
    if (per === 'operation') {
      const rule = `${environment}:${id}:${identity.applicationId}:${x.route!.versionId}:${x.route!.operation.id}`
      return make({ owner: identity.partnerId, rule })
    }
    const planId = per === 'plan' ? identity.subscriptions.get(x.route!.versionId)?.planId : undefined
    if (planId) return make({ owner: identity.partnerId, rule: `${environment}:${planPlace}:${planId}` })
    return ofApplication(x, identity)
  }
}

/** Callers kept for each place of config; then they are made anew. */
const maxKept = 10_000

function headerOf(x: Exchange, name: string): string | undefined {
  const value = x.request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** What is no value of its own (an object, a list) counts as none: two spellings of it would be two values. */
function bodyValue(x: Exchange, pointer: string): string | undefined {
  const value = valueAt(jsonOf(x.request.body), pointer)
  if (typeof value === 'string') return `s${value}`
  return typeof value === 'number' || typeof value === 'boolean' ? `v${value}` : undefined
}

const parsed = new WeakMap<Buffer, unknown>()

function jsonOf(body: Buffer | undefined): unknown {
  if (!body) return undefined
  if (!parsed.has(body)) parsed.set(body, parse(body))
  return parsed.get(body)
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined // not for us to judge: it counts among those without a value
  }
}
