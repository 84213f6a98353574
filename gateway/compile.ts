import { setImmediate as nextTurn } from 'node:timers/promises'
import { effectiveConfig, type Level, policies } from '../policies/index.ts'
import { settleLimits } from '../policies/limits/settle.ts'
import type { AnyPolicy, Deps, Hooks, Place, Route } from '../policies/policy.ts'
import type { Environment, Operation, PublishedApi, PublishedVersion, Snapshot } from '../registry/model.ts'
import { requiredScopes, routesOf } from '../registry/routes.ts'
import { assemble, type Pipeline } from './pipeline.ts'
import { createRouter, type Router } from './router.ts'
import { buildUpstream, type LiveUpstream, type UpstreamParts } from './targets.ts'

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

export interface RouteEntry {
  readonly route: Route
  /** Up to and with `authorize`: before it is known which plan applies. */
  readonly identify: Pipeline
  /** The rest, by plan id; '' for callers without a plan. */
  readonly byPlan: ReadonlyMap<string, Pipeline>
  /** Answers a CORS preflight, where the route has a `cors` policy. */
  readonly preflight: Pipeline | undefined
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

/** Routes built before the loop gets a turn: a large publish must not hold up calls. */
const routesPerTurn = 8

/** @throws Error when a policy refuses its config, or an upstream is missing; nothing is left behind then */
export async function compileTable(snapshot: Snapshot, parts: CompileParts): Promise<Table> {
  const poolKeys: string[] = []
  const close = () => {
    for (const key of poolKeys.splice(0)) parts.pools.release(key)
  }
  try {
    const upstreams = new Map<string, LiveUpstream>()
    for (const settings of snapshot.upstreams) {
      const built = buildUpstream(settings, parts)
      poolKeys.push(...built.poolKeys)
      upstreams.set(settings.id, built.upstream)
    }
    const hosts = new Map<string, Router<Leaf>>()
    const anyHost = createRouter<Leaf>()
    const compile = hookCompiler(parts.depsAt)
    const { takeLimits } = parts.depsAt(defaultPlace)
    let built = 0
    for (const api of snapshot.apis) {
      for (const version of api.versions) {
        const serving = servingUpstreams(version, upstreams)
        for (const { hosts: names, header, method, path, operation } of routesOf(version)) {
          const entry = compileRoute(snapshot, api, version, operation, serving, compile, takeLimits)
          for (const router of names ? names.map((name) => routerOf(hosts, name)) : [anyHost])
            addRoute(router, path, method, { header, entry })
          if (++built % routesPerTurn === 0) await nextTurn()
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
  snapshot: Snapshot,
  api: PublishedApi,
  version: PublishedVersion,
  operation: Operation,
  upstreams: RouteEntry['upstreams'],
  compile: HookCompiler,
  takeLimits: Deps['takeLimits'],
): RouteEntry {
  const own = version.operations[operation.id]
  const levels: PlacedLevel[] = [
    { place: { level: 'operation', id: `${version.id}:${operation.id}` }, configs: own?.policies ?? {} },
    { place: { level: 'version', id: version.id }, configs: version.policies },
    { place: { level: 'api', id: api.id }, configs: api.policies },
  ]
  const gateway: PlacedLevel = { place: defaultPlace, configs: snapshot.policies }
  const authorizeAt = policies.findIndex((p) => p.name === 'authorize')
  const hooksOf = (policy: AnyPolicy, plan?: PlacedLevel) =>
    compile(policy, plan ? [...levels, plan, gateway] : [...levels, gateway])
  const before = policies.slice(0, authorizeAt + 1).flatMap((p) => hooksOf(p) ?? [])
  const pipelineFor = (plan?: PlacedLevel) =>
    assemblePlan(
      before,
      withLimitsSettled(
        policies.slice(authorizeAt + 1).flatMap((p) => hooksOf(p, plan) ?? []),
        takeLimits,
      ),
    )
  const byPlan = new Map([['', pipelineFor()]])
  for (const plan of snapshot.plans) {
    const place: Place = { level: 'plan', id: `${plan.id}:${version.id}` }
    byPlan.set(plan.id, pipelineFor({ place, configs: plan.policies }))
  }
  const cors = policies.find((p) => p.name === 'cors')
  const corsHooks = cors && hooksOf(cors)
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
      scopes: requiredScopes(operation, own),
    },
    identify: assemble(before),
    byPlan,
    preflight: corsHooks && assemble([corsHooks]),
    upstreams,
    anonymousEnvironment: version.anonymousEnvironment,
    stripLength: version.stripBasePath ? version.routing.basePath.length : 0,
    upstreamPath: version.upstreamPath,
  }
}

/** `onRequest` of the policies before the plan was known have run already; their other hooks belong to the whole. */
function assemblePlan(before: readonly Hooks[], after: readonly Hooks[]): Pipeline {
  return { ...assemble([...before, ...after]), onRequest: assemble(after).onRequest }
}

/** Puts in the step that takes all limits, behind the last policy that has one. */
function withLimitsSettled(hooks: readonly Hooks[], takeLimits: Deps['takeLimits']): readonly Hooks[] {
  const limits = hooks.flatMap(({ limit }) => limit ?? [])
  if (limits.length === 0) return hooks
  return hooks.toSpliced(hooks.findLastIndex(({ limit }) => limit) + 1, 0, settleLimits(limits, takeLimits))
}

type PlacedLevel = Level<Place>

/** A default belongs to the whole gateway. */
const defaultPlace: Place = { level: 'gateway', id: 'gateway' }

type HookCompiler = (policy: AnyPolicy, levels: readonly PlacedLevel[]) => Hooks | undefined

/** Config that many operations inherit is compiled once: by its policy and the place it comes from. */
function hookCompiler(depsAt: CompileParts['depsAt']): HookCompiler {
  const made = new Map<string, Hooks>()
  return (policy, levels) => {
    const found = effectiveConfig(policy, levels)
    if (!found?.config) return undefined
    const place = found.place === 'default' ? defaultPlace : found.place
    const key = `${policy.name} ${place.level} ${place.id}`
    let hooks = made.get(key)
    if (!hooks) {
      // Parsed again: a snapshot is trusted no more than any other input.
      hooks = policy.compile(policy.schema.parse(found.config), depsAt(place))
      made.set(key, hooks)
    }
    return hooks
  }
}
