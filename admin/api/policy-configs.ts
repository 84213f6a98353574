import { checkPolicyConfig } from '../../policies/index.ts'
import { pointerTo } from '../../registry/base/pointer.ts'
import { type FieldError, problem } from '../../registry/base/problem.ts'
import type { PolicyConfigs } from '../../registry/model.ts'

type WithPolicies = {
  readonly policies: PolicyConfigs
  readonly operations?: Readonly<Record<string, { readonly policies: PolicyConfigs }>>
}

/**
 * Checks each policy's config against the policy's own schema. Publishing checks them again; this tells the author at once.
 * @throws Problem `input-invalid` with pointers into the input
 */
export function requireGoodPolicies(input: WithPolicies): void {
  const errors = faults(input.policies, ['policies'])
  for (const [id, operation] of Object.entries(input.operations ?? {}))
    errors.push(...faults(operation.policies, ['operations', id, 'policies']))
  if (errors.length > 0)
    throw problem('input-invalid', { detail: 'The config of a policy is not valid.', errors })
}

function faults(configs: PolicyConfigs, path: readonly string[]): FieldError[] {
  return Object.entries(configs).flatMap(([name, config]) =>
    checkPolicyConfig(name, config).map((error) => ({
      ...error,
      pointer: pointerTo([...path, name]) + error.pointer,
    })),
  )
}
