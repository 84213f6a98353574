import type { Deps, Place } from '../policies/policy.ts'
import type { Environment, PublishedVersion, SealedUpstream, Snapshot } from '../registry/model.ts'
import {
  addVersion,
  type CompiledVersion,
  compileVersion,
  type Leaf,
  type Serving,
} from './compile-version.ts'
import { createPipelines } from './route-pipelines.ts'
import { createRouter, type Router } from './router.ts'
import { standAlone } from './stand-alone.ts'
import { buildUpstream, type LiveUpstream, slotKeys, type UpstreamParts } from './targets.ts'
import { createTurns, type Turns } from './turns.ts'

export type { Candidate, Leaf, RouteEntry } from './compile-version.ts'

/** A snapshot compiled: all that a thread needs to serve calls. Built off to the side, then swapped in whole. */
export interface Table {
  readonly number: number
  readonly hosts: ReadonlyMap<string, Router<Leaf>>
  readonly anyHost: Router<Leaf>
  readonly upstreams: ReadonlyMap<string, LiveUpstream>
  /** What the next table may take over. */
  readonly legacy: Legacy
  /** Frees what no other table uses. Called once, when nobody serves from it any more. */
  close(): void
}

interface Legacy {
  readonly snapshot: Snapshot
  readonly slots: UpstreamParts['slots']
  readonly poolKeys: ReadonlyMap<LiveUpstream, readonly string[]>
  readonly versions: ReadonlyMap<PublishedVersion, CompiledVersion>
}

export interface CompileParts extends Omit<UpstreamParts, 'pools'> {
  readonly pools: UpstreamParts['pools']
  readonly depsAt: (place: Place) => Deps
}

/**
 * In stretches, and of what did not change since the table before nothing: a large publish must not hold up calls, and
 * most change one API of many.
 *
 * @param before in force, and open
 * @throws Error when a policy refuses its config, or an upstream is missing; nothing is left behind then
 */
export async function compileTable(snapshot: Snapshot, parts: CompileParts, before?: Table): Promise<Table> {
  const turns = createTurns()
  const poolKeys = new Map<LiveUpstream, readonly string[]>()
  const close = () => {
    for (const key of [...poolKeys.values()].flat()) parts.pools.release(key)
    poolKeys.clear()
  }
  try {
    const upstreams = new Map<string, LiveUpstream>()
    for (const settings of snapshot.upstreams) {
      const built = takenOver(settings, parts, before) ?? buildUpstream(settings, parts)
      poolKeys.set(built.upstream, built.poolKeys)
      upstreams.set(settings.id, built.upstream)
      const turn = turns()
      if (turn) await turn
    }
    const routes = await compileRoutes(snapshot, parts.depsAt, upstreams, before?.legacy, turns)
    const legacy = { snapshot, slots: parts.slots, poolKeys, versions: routes.versions }
    return { number: snapshot.number, hosts: routes.hosts, anyHost: routes.anyHost, upstreams, legacy, close }
  } catch (error) {
    close()
    throw error
  }
}

/** An upstream of the table before, with its pools counted as used once more. */
function takenOver(settings: SealedUpstream, { slots, pools }: CompileParts, before: Table | undefined) {
  const upstream = before?.upstreams.get(settings.id)
  if (!before || upstream?.settings !== settings) return undefined
  if (slotKeys(settings).some((key) => before.legacy.slots.get(key) !== slots.get(key))) return undefined
  const poolKeys = before.legacy.poolKeys.get(upstream)!
  for (const key of poolKeys) pools.retain(key)
  return { upstream, poolKeys }
}

async function compileRoutes(
  snapshot: Snapshot,
  depsAt: CompileParts['depsAt'],
  upstreams: ReadonlyMap<string, LiveUpstream>,
  before: Legacy | undefined,
  turns: Turns,
) {
  const hosts = new Map<string, Router<Leaf>>()
  const anyHost = createRouter<Leaf>()
  const versions = new Map<PublishedVersion, CompiledVersion>()
  const pipelinesOf = createPipelines(snapshot, depsAt)
  const alone = standAlone(snapshot)
  const hasSameDefaults =
    before?.snapshot.policies === snapshot.policies && before.snapshot.plans === snapshot.plans
  for (const api of snapshot.apis) {
    for (const version of api.versions) {
      const { routing } = version
      const parts = { api, version, serving: servingUpstreams(version, upstreams), pipelinesOf, turns }
      const routers = routing.by === 'host' ? routing.hosts.map((name) => routerOf(hosts, name)) : [anyHost]
      if (!alone.has(version)) {
        await addVersion(routers, routing.basePath, parts)
        continue
      }
      const known = hasSameDefaults ? before.versions.get(version) : undefined
      const compiled = known && isSame(known.serving, parts.serving) ? known : await compileVersion(parts)
      versions.set(version, compiled)
      for (const router of routers) router.graft(routing.basePath, compiled.router)
    }
  }
  return { hosts, anyHost, versions }
}

const isSame = (a: Serving, b: Serving) => a.live === b.live && a.sandbox === b.sandbox

function servingUpstreams(version: PublishedVersion, all: ReadonlyMap<string, LiveUpstream>): Serving {
  const serving: Partial<Record<Environment, LiveUpstream>> = {}
  for (const environment of ['sandbox', 'live'] as const) {
    const id = version.upstreams[environment]
    if (id === undefined) continue
    const upstream = all.get(id)
    if (!upstream)
      throw new Error(`version ${version.id} refers to upstream ${id}, which is not in the snapshot`)
    serving[environment] = upstream
  }
  return serving
}

function routerOf(hosts: Map<string, Router<Leaf>>, name: string): Router<Leaf> {
  const router = hosts.get(name) ?? createRouter<Leaf>()
  hosts.set(name, router)
  return router
}
