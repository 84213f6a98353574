import { policies } from '../policies/index.ts'
import type { PolicyConfigs } from '../registry/model.ts'

export type Source = 'default' | 'gateway' | 'plan' | 'api' | 'version' | 'operation'

export interface EffectivePolicy {
  readonly name: string
  readonly source: Source
  /** `null`: switched off at `source`. */
  readonly config: Record<string, unknown> | null
}

const listed: readonly { name: string; byDefault?: Record<string, unknown> }[] = policies

/**
 * What runs on an operation, in running order, and which level said so. The nearest level wins whole: configs are not
 * mixed. A policy that nobody configures runs only if it has a default.
 *
 * @param levels from far to near; a level without configs may be left out
 */
export function effectivePolicies(
  levels: readonly (readonly [Exclude<Source, 'default'>, PolicyConfigs])[],
): EffectivePolicy[] {
  const found: EffectivePolicy[] = []
  for (const policy of listed) {
    const nearest = levels.findLast(([, configs]) => Object.hasOwn(configs, policy.name))
    if (nearest) found.push({ name: policy.name, source: nearest[0], config: nearest[1][policy.name]! })
    else if (policy.byDefault !== undefined)
      found.push({ name: policy.name, source: 'default', config: policy.byDefault })
  }
  return found
}
