import { effectiveConfig, type Level, policies } from '../policies/index.ts'
import { settleLimits } from '../policies/limits/settle.ts'
import type { AnyPolicy, Deps, Hooks, Place } from '../policies/policy.ts'
import type { Operation, PublishedApi, PublishedVersion, Snapshot } from '../registry/model.ts'
import { assemble, type Pipeline } from './pipeline.ts'

/** What the policies of a route come to. */
export interface RoutePipelines {
  /** Up to and with `authorize`: before it is known which plan applies. */
  readonly identify: Pipeline
  /** The rest, by plan id; '' for callers without a plan. */
  readonly byPlan: ReadonlyMap<string, Pipeline>
  /** Answers a CORS preflight, where the route has a `cors` policy. */
  readonly preflight: Pipeline | undefined
}

export type PipelinesOf = (
  api: PublishedApi,
  version: PublishedVersion,
  operation: Operation,
) => RoutePipelines

/**
 * Compiles the policies of a snapshot's routes. Operations without policies of their own share those of their version:
 * a table of 10,000 routes made one by one is 50 MB of live objects, which the collector copies while calls wait.
 */
export function createPipelines(snapshot: Snapshot, depsAt: (place: Place) => Deps): PipelinesOf {
  const compile = hookCompiler(depsAt)
  const { takeLimits } = depsAt(defaultPlace)
  const inherited = new Map<string, RoutePipelines>()
  return (api, version, operation) => {
    const own = version.operations[operation.id]?.policies
    if (own && Object.keys(own).length > 0)
      return build(snapshot, compile, takeLimits, [
        { place: { level: 'operation', id: `${version.id}:${operation.id}` }, configs: own },
        ...levelsOf(api, version),
      ])
    let shared = inherited.get(version.id)
    if (!shared) {
      shared = build(snapshot, compile, takeLimits, levelsOf(api, version))
      inherited.set(version.id, shared)
    }
    return shared
  }
}

type PlacedLevel = Level<Place>

function levelsOf(api: PublishedApi, version: PublishedVersion): PlacedLevel[] {
  return [
    { place: { level: 'version', id: version.id }, configs: version.policies },
    { place: { level: 'api', id: api.id }, configs: api.policies },
  ]
}

function build(
  snapshot: Snapshot,
  compile: HookCompiler,
  takeLimits: Deps['takeLimits'],
  levels: readonly PlacedLevel[],
): RoutePipelines {
  const gateway: PlacedLevel = { place: defaultPlace, configs: snapshot.policies }
  const authorizeAt = policies.findIndex((p) => p.name === 'authorize')
  const version = levels.find(({ place }) => place.level === 'version')!.place.id
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
    const place: Place = { level: 'plan', id: `${plan.id}:${version}` }
    byPlan.set(plan.id, pipelineFor({ place, configs: plan.policies }))
  }
  const cors = policies.find((p) => p.name === 'cors')
  const corsHooks = cors && hooksOf(cors)
  return { identify: assemble(before), byPlan, preflight: corsHooks && assemble([corsHooks]) }
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

/** A default belongs to the whole gateway. */
const defaultPlace: Place = { level: 'gateway', id: 'gateway' }

type HookCompiler = (policy: AnyPolicy, levels: readonly PlacedLevel[]) => Hooks | undefined

/** Config that many operations inherit is compiled once: by its policy and the place it comes from. */
function hookCompiler(depsAt: (place: Place) => Deps): HookCompiler {
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
