import type { Exchange } from '../../policies/policy.ts'
import type { ProblemCode } from '../../registry/base/problem.ts'

/** Which policy refuses with a code. The others come from the gateway itself, or from the service. */
const policyOf: Partial<Record<ProblemCode, string>> = {
  'credential-missing': 'authenticate',
  'credential-invalid': 'authenticate',
  'token-invalid': 'authenticate',
  'lookups-limited': 'authenticate',
  'issuer-unavailable': 'authenticate',
  'scope-insufficient': 'authorize',
  'subscription-missing': 'authorize',
  'authorization-details-missing': 'payment-authorization',
  'authorization-details-mismatch': 'payment-authorization',
  'authorization-details-used': 'payment-authorization',
  'address-refused': 'ip-filter',
  'body-too-large': 'body-limit',
  'rate-limited': 'rate-limit',
  'quota-exceeded': 'quota',
  'concurrency-exceeded': 'concurrency',
  'upstream-busy': 'balance',
}

export const limitOf: Partial<Record<ProblemCode, string>> = {
  'rate-limited': 'rate-limit',
  'quota-exceeded': 'quota',
  'concurrency-exceeded': 'concurrency',
}

/** A policy's name, `gateway` or `upstream`; '' where nothing stopped the call. */
export function stoppedBy({ problem }: Pick<Exchange, 'problem'>): string {
  if (!problem) return ''
  return policyOf[problem.code] ?? (problem.row.source === 'upstream' ? 'upstream' : 'gateway')
}
