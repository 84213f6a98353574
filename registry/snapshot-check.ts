import { escaped } from './base/pointer.ts'
import type { FieldError } from './base/problem.ts'
import type { PolicyConfigs, PublishedApi, PublishedVersion, Snapshot } from './model.ts'
import { addressesOf, routesOf } from './routes.ts'

/** Errors of one policy’s config, with pointers into it: `checkPolicyConfig` of policies/index.ts. */
export type CheckPolicy = (name: string, config: unknown) => readonly FieldError[]

/**
 * Everything that would keep gateways from serving a snapshot: references, routes and the config of every policy at
 * every level. Pointers lead through names, e.g. `/apis/payments/versions/v1/policies/rate-limit/limit`.
 */
export function check(snapshot: Snapshot, checkPolicy: CheckPolicy): FieldError[] {
  return [
    ...policyErrors('', snapshot.policies, checkPolicy),
    ...snapshot.plans.flatMap((plan) => policyErrors(`/plans/${plan.name}`, plan.policies, checkPolicy)),
    ...snapshot.apis.flatMap((api) => [
      ...policyErrors(`/apis/${api.name}`, api.policies, checkPolicy),
      ...(api.versions.length === 0
        ? [{ pointer: `/apis/${api.name}`, detail: 'none of its versions has a document' }]
        : []),
      ...api.versions.flatMap((version) => versionErrors(snapshot, api, version, checkPolicy)),
    ]),
    ...duplicateRoutes(snapshot),
  ]
}

function versionErrors(
  snapshot: Snapshot,
  api: PublishedApi,
  version: PublishedVersion,
  checkPolicy: CheckPolicy,
): FieldError[] {
  const at = `/apis/${api.name}/versions/${version.name}`
  const errors: FieldError[] = policyErrors(at, version.policies, checkPolicy)
  const upstreams = Object.entries(version.upstreams).filter(([, id]) => id !== undefined)
  if (upstreams.length === 0)
    errors.push({ pointer: `${at}/upstreams`, detail: 'name an upstream for one environment at least' })
  for (const [environment, id] of upstreams)
    if (!snapshot.upstreams.some((upstream) => upstream.id === id))
      errors.push({ pointer: `${at}/upstreams/${environment}`, detail: `there is no upstream "${id}"` })
  for (const [i, id] of version.plans.entries())
    if (!snapshot.plans.some((plan) => plan.id === id))
      errors.push({ pointer: `${at}/plans/${i}`, detail: `there is no plan "${id}"` })
  for (const [id, settings] of Object.entries(version.operations)) {
    const pointer = `${at}/operations/${escaped(id)}`
    if (!version.routes.some((operation) => operation.id === id))
      errors.push({ pointer, detail: `the document has no operation "${id}"` })
    errors.push(...policyErrors(pointer, settings.policies, checkPolicy))
  }
  return errors
}

function policyErrors(at: string, policies: PolicyConfigs, checkPolicy: CheckPolicy): FieldError[] {
  return Object.entries(policies).flatMap(([name, config]) =>
    // `null` switches an inherited policy off: there is no config to check.
    config === null
      ? []
      : checkPolicy(name, config).map((error) => ({
          ...error,
          pointer: `${at}/policies/${escaped(name)}${error.pointer}`,
        })),
  )
}

function duplicateRoutes(snapshot: Snapshot): FieldError[] {
  const errors: FieldError[] = []
  const owners = new Map<string, string>()
  for (const api of snapshot.apis)
    for (const version of api.versions) {
      const reported = new Set<string>()
      for (const route of routesOf(version)) {
        const owner = `${api.name} ${version.name} ${route.operation.id}`
        for (const address of addressesOf(route)) {
          const other = owners.get(address)
          if (other === undefined) owners.set(address, owner)
          else if (!reported.has(owner + other)) {
            reported.add(owner + other)
            errors.push({
              pointer: `/apis/${api.name}/versions/${version.name}/routing`,
              detail: `"${address}" would lead to ${other} and to ${owner}: give one of them another base path, host or header`,
            })
          }
        }
      }
    }
  return errors
}
