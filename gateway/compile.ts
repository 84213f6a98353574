import type { Deps, Place, Route } from '../policies/policy.ts'
import type { Environment, Operation, PublishedApi, PublishedVersion, Snapshot } from '../registry/model.ts'
import { requiredScopes, routesOf } from '../registry/routes.ts'
import { createPipelines, type RoutePipelines } from './route-pipelines.ts'
import { createRouter, type Router } from './router.ts'
import { buildUpstream, type LiveUpstream, type UpstreamParts } from './targets.ts'
import { createTurns } from './turns.ts'

/** A snapshot compiled: all that a thread needs to serve calls. Built off to the side, then swapped in whole. */
export interface Table {
  readonly number: number
  readonly hosts: ReadonlyMap<string, Router<Leaf>>
  readonly anyHost: Router<Leaf>
  readonly upstreams: ReadonlyMap<string, LiveUpstream>
  /** Frees what no other table uses. Called once, when nobody serves from it any more. */
  close(): void
}

/** What was published under one path template: by method, then by version header. */
export interface Leaf {
  readonly byMethod: Map<string, Candidate[]>
}
export interface Candidate {
  readonly header: { readonly name: string; readonly value: string; readonly isDefault: boolean } | null
  readonly entry: RouteEntry
}

export interface RouteEntry extends RoutePipelines {
  readonly route: Route
  readonly upstreams: Readonly<Partial<Record<Environment, LiveUpstream>>>
  readonly anonymousEnvironment: Environment
  /** Characters of the path that are taken off before it is sent on. */
  readonly stripLength: number
  readonly upstreamPath: string
}

export interface CompileParts extends Omit<UpstreamParts, 'pools'> {
  readonly pools: UpstreamParts['pools']
  readonly depsAt: (place: Place) => Deps
}

/**
 * In stretches: a large publish must not hold up calls.
 *
 * @throws Error when a policy refuses its config, or an upstream is missing; nothing is left behind then
 */
export async function compileTable(snapshot: Snapshot, parts: CompileParts): Promise<Table> {
  const poolKeys: string[] = []
  const close = () => {
    for (const key of poolKeys.splice(0)) parts.pools.release(key)
  }
  const turns = createTurns()
  try {
    const upstreams = new Map<string, LiveUpstream>()
    for (const settings of snapshot.upstreams) {
      const built = buildUpstream(settings, parts)
      poolKeys.push(...built.poolKeys)
      upstreams.set(settings.id, built.upstream)
      const turn = turns()
      if (turn) await turn
    }
    const hosts = new Map<string, Router<Leaf>>()
    const anyHost = createRouter<Leaf>()
    const pipelinesOf = createPipelines(snapshot, parts.depsAt)
    for (const api of snapshot.apis) {
      for (const version of api.versions) {
        const serving = servingUpstreams(version, upstreams)
        for (const { hosts: names, header, method, path, operation } of routesOf(version)) {
          const entry = compileRoute(api, version, operation, serving, pipelinesOf(api, version, operation))
          for (const router of names ? names.map((name) => routerOf(hosts, name)) : [anyHost])
            addRoute(router, path, method, { header, entry })
          const turn = turns()
          if (turn) await turn
        }
      }
    }
    return { number: snapshot.number, hosts, anyHost, upstreams, close }
  } catch (error) {
    close()
    throw error
  }
}

function servingUpstreams(version: PublishedVersion, all: ReadonlyMap<string, LiveUpstream>) {
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

function addRoute(router: Router<Leaf>, path: string, method: string, candidate: Candidate) {
  let leaf = router.at(path)
  if (!leaf) {
    leaf = { byMethod: new Map() }
    router.add(path, leaf)
  }
  const candidates = leaf.byMethod.get(method) ?? []
  candidates.push(candidate)
  leaf.byMethod.set(method, candidates)
}

function compileRoute(
  api: PublishedApi,
  version: PublishedVersion,
  operation: Operation,
  upstreams: RouteEntry['upstreams'],
  pipelines: RoutePipelines,
): RouteEntry {
  return {
    route: {
      apiId: api.id,
      apiName: api.name,
      versionId: version.id,
      versionName: version.name,
      revision: version.revision,
      environments: Object.keys(upstreams) as Environment[],
      operation,
      template: version.routing.basePath + operation.path,
      scopes: requiredScopes(operation, version.operations[operation.id]),
    },
    ...pipelines,
    upstreams,
    anonymousEnvironment: version.anonymousEnvironment,
    stripLength: version.stripBasePath ? version.routing.basePath.length : 0,
    upstreamPath: version.upstreamPath,
  }
}
