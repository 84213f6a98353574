import { z } from 'zod'
import { pointerTo } from '../registry/base/pointer.ts'
import type { FieldError } from '../registry/base/problem.ts'
import { authenticate } from './authenticate/index.ts'
import { authorize } from './authorize.ts'
import { balance } from './balance/index.ts'
import { bodyLimit } from './body-limit.ts'
import { concurrency } from './concurrency.ts'
import { cors } from './cors.ts'
import { headers } from './headers.ts'
import { ipFilter } from './ip-filter.ts'
import { paymentAuthorization } from './payment-authorization/index.ts'
import { phantomToken } from './phantom-token.ts'
import type { AnyPolicy } from './policy.ts'
import { quota } from './quota.ts'
import { rateLimit } from './rate-limit.ts'

export { type Effective, effectiveConfig, type Level } from './effective.ts'

/** All policies, in the order they run. A route chooses which and with what config, never when. */
// biome-ignore format: the groups are the point
export const policies = [
  cors, bodyLimit, ipFilter, // before we know who it is
  authenticate, authorize, // who, and whether
  rateLimit, quota, concurrency, // how much
  paymentAuthorization, // what exactly was allowed: last, as what refuses after it gives back what it takes
  headers, phantomToken, balance, // in what shape, where to
] as const satisfies readonly AnyPolicy[]

const byName = new Map<string, AnyPolicy>(policies.map((policy) => [policy.name, policy]))

/** What is wrong with a config, by JSON pointer into it; `null` switches a policy off and is always right. */
export function checkPolicyConfig(name: string, config: unknown): FieldError[] {
  const policy = byName.get(name)
  if (!policy)
    return [
      { pointer: '', detail: `There is no policy "${name}". There are ${[...byName.keys()].join(', ')}.` },
    ]
  if (config === null) return []
  const parsed = policy.schema.safeParse(config)
  return parsed.success ? [] : parsed.error.issues.flatMap(fieldErrors)
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const at = pointerTo(issue.path)
  if (issue.code === 'invalid_key')
    return issue.issues.map(({ message }) => ({ pointer: at, detail: message }))
  if (issue.code !== 'unrecognized_keys') return [{ pointer: at, detail: issue.message }]
  return issue.keys.map((key) => ({ pointer: at + pointerTo([key]), detail: 'There is no such field.' }))
}

export interface PolicyDescription {
  readonly name: string
  readonly summary: string
  /** Whether it runs where nobody configures it. */
  readonly isDefault: boolean
  /** JSON Schema (2020-12) of what may be written as its config. */
  readonly schema: Record<string, unknown>
}

/** For the console, the admin API and the generated reference. */
export function describePolicies(): PolicyDescription[] {
  return policies.map((policy: AnyPolicy) => ({
    name: policy.name,
    summary: policy.summary,
    isDefault: policy.byDefault !== undefined,
    schema: z.toJSONSchema(policy.schema, { io: 'input' }) as Record<string, unknown>,
  }))
}
