import { effectiveConfig, policies } from '../policies/index.ts'
import type { PolicyConfigs } from '../registry/model.ts'

export type Source = 'default' | 'gateway' | 'plan' | 'api' | 'version' | 'operation'

export interface EffectivePolicy {
  readonly name: string
  readonly source: Source
  /** `null`: switched off at `source`. */
  readonly config: Record<string, unknown> | null
}

/**
 * What runs on an operation, in running order, and which level said so.
 *
 * @param levels from far to near; a level without configs may be left out
 */
export function effectivePolicies(
  levels: readonly (readonly [Exclude<Source, 'default'>, PolicyConfigs])[],
): EffectivePolicy[] {
  const nearestFirst = levels.map(([place, configs]) => ({ place, configs })).reverse()
  return policies.flatMap((policy) => {
    const found = effectiveConfig(policy, nearestFirst)
    return found ? [{ name: policy.name, source: found.place, config: found.config }] : []
  })
}
