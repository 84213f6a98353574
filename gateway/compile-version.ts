import type { Route } from '../policies/policy.ts'
import type { Environment, Operation, PublishedApi, PublishedVersion } from '../registry/model.ts'
import { type RoutePattern, requiredScopes, routesOf } from '../registry/routes.ts'
import type { PipelinesOf, RoutePipelines } from './route-pipelines.ts'
import { createRouter, type Router } from './router.ts'
import type { ServedRoute } from './served-route.ts'
import type { LiveUpstream } from './targets.ts'
import type { Turns } from './turns.ts'

/** What was published under one path template: by method, then by version header. */
export interface Leaf {
  readonly byMethod: Map<string, Candidate[]>
}
export interface Candidate {
  readonly header: RoutePattern['header']
  readonly entry: RouteEntry
}

export interface RouteEntry extends RoutePipelines {
  readonly route: Route
  readonly upstreams: Serving
  readonly anonymousEnvironment: Environment
  /** Characters of the path that are taken off before it is sent on. */
  readonly stripLength: number
  readonly upstreamPath: string
}
export type Serving = Readonly<Partial<Record<Environment, LiveUpstream>>>

/** Adds the routes of a version to routers, below a path. */
export async function addVersion(
  routers: readonly Router<Leaf>[],
  basePath: string,
  { api, version, serving, pipelinesOf, turns }: VersionParts,
): Promise<void> {
  const alike = { environments: Object.keys(serving) as Environment[], scopes: createScopes() }
  for (const { header, method, operation } of routesOf(version)) {
    const pipelines = pipelinesOf(api, version, operation)
    const entry = compileRoute(api, version, operation, serving, pipelines, alike)
    for (const router of routers) addRoute(router, basePath + operation.path, method, { header, entry })
    const turn = turns()
    if (turn) await turn
  }
}

export interface VersionParts {
  readonly api: PublishedApi
  readonly version: PublishedVersion
  readonly serving: Serving
  readonly pipelinesOf: PipelinesOf
  readonly turns: Turns
}

/** A version compiled for itself: its own routes, below the base path. */
export interface CompiledVersion {
  readonly router: Router<Leaf>
  readonly serving: Serving
}

export async function compileVersion(parts: VersionParts): Promise<CompiledVersion> {
  const router = createRouter<Leaf>()
  await addVersion([router], '', parts)
  return { router, serving: parts.serving }
}

function addRoute(router: Router<Leaf>, path: string, method: string, candidate: Candidate) {
  let leaf = router.at(path)
  if (!leaf) {
    leaf = { byMethod: new Map() }
    router.add(path, leaf)
  }
  const candidates = leaf.byMethod.get(method)
  if (candidates) candidates.push(candidate)
  else leaf.byMethod.set(method, [candidate])
}

/** What routes of a version have in common: one value for all, so that it is at hand with the first call to any. */
interface Alike {
  readonly environments: readonly Environment[]
  readonly scopes: (of: Route['scopes']) => Route['scopes']
}

function createScopes(): Alike['scopes'] {
  const known = new Map<string, Route['scopes']>()
  return (of) => {
    const key = of.map((all) => all.join(' ')).join('\n') // no scope holds a space or the end of a line
    const found = known.get(key)
    if (found) return found
    known.set(key, of)
    return of
  }
}

function compileRoute(
  api: PublishedApi,
  version: PublishedVersion,
  operation: Operation,
  upstreams: Serving,
  pipelines: RoutePipelines,
  { environments, scopes }: Alike,
): RouteEntry {
  const route: ServedRoute = {
    apiId: api.id,
    apiName: api.name,
    versionId: version.id,
    versionName: version.name,
    revision: version.revision,
    routing: version.routing,
    environments,
    operation,
    template: version.routing.basePath + operation.path,
    scopes: scopes(requiredScopes(operation, version.operations[operation.id])),
    line: undefined,
    tallies: undefined,
  }
  return {
    route,
    ...pipelines,
    upstreams,
    anonymousEnvironment: version.anonymousEnvironment,
    stripLength: version.stripBasePath ? version.routing.basePath.length : 0,
    upstreamPath: version.upstreamPath,
  }
}
