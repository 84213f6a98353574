import { LRUCache } from 'lru-cache'
import type { Identity } from '../policies/policy.ts'
import type { IdentityRecord } from '../registry/credentials.ts'
import { type ServedIdentity, untold } from './served-identity.ts'

/** Who the registry says it is, as policies see it; all calls of a caller share it. */
export function identityOf(
  record: IdentityRecord | undefined,
  method: Identity['method'],
): ServedIdentity | undefined {
  if (!record) return undefined
  const { credentialId, environment, scopes, subscriptions, expiresAt } = record
  return {
    partnerId: shared(record.partnerId),
    applicationId: shared(record.applicationId),
    credentialId,
    secretId: record.secretId,
    environment,
    method,
    scopes: scopes ? sharedScopes(scopes) : undefined,
    subscriptions: sharedSubscriptions(subscriptions),
    expiresAt: expiresAt ?? Number.POSITIVE_INFINITY,
    grant: record.grant ? Object.freeze(record.grant) : undefined,
    line: undefined,
    calledAt: untold,
  }
}

/** Texts that many have in common, each once in memory. */
function shared(text: string): string {
  const known = texts.get(text)
  if (known !== undefined) return known
  texts.set(text, text)
  return text
}
const texts = new LRUCache<string, string>({ max: 20_000 })

/**
 * Applications with the same subscriptions share them in memory, as most of one plan do: 100,000 maps of their own were
 * half of what the identities took, and none of them was ever in the processor's cache when its call came.
 */
const sharedSubscriptions = sharing(
  (subscriptions: IdentityRecord['subscriptions']): Identity['subscriptions'] =>
    new Map(
      subscriptions.map(({ versionId, planId, scopes }) => [
        versionId,
        { planId, scopes: scopes && new Set(scopes) },
      ]),
    ),
)
const sharedScopes = sharing((scopes: readonly string[]): ReadonlySet<string> => new Set(scopes))

/** Each with a cache of its own: no scopes and no subscriptions look the same as text. */
function sharing<C, T extends object>(make: (content: C) => T): (content: C) => T {
  const alike = new LRUCache<string, T>({ max: 10_000 })
  return (content) => {
    const key = JSON.stringify(content)
    let one = alike.get(key)
    if (!one) {
      one = make(content)
      alike.set(key, one)
    }
    return one
  }
}
