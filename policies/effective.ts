import type { PolicyConfigs } from '../registry/model.ts'
import type { AnyPolicy } from './policy.ts'

/** A level that may configure policies: the gateway, a plan, an API, a version, an operation. */
export interface Level<P> {
  readonly place: P
  readonly configs: PolicyConfigs
}

export interface Effective<P> {
  /** Which level said so; `default`: nobody, and the policy runs by default. */
  readonly place: P | 'default'
  /** `null`: switched off there. */
  readonly config: Record<string, unknown> | null
}

/**
 * What applies to an operation. The nearest level that names the policy wins whole: configs are not mixed.
 *
 * @param levels from near to far
 * @returns undefined when nobody names the policy and it has no default
 */
export function effectiveConfig<P>(policy: AnyPolicy, levels: readonly Level<P>[]): Effective<P> | undefined {
  for (const { place, configs } of levels) {
    const config = configs[policy.name]
    if (config !== undefined) return { place, config }
  }
  return policy.byDefault === undefined ? undefined : { place: 'default', config: policy.byDefault }
}
