import type { Log } from '../../registry/base/log.ts'
import { findIdentityOfApplication } from '../../registry/external-identities.ts'
import { listSealedIssuers, openClientSecret } from '../../registry/issuers.ts'
import type { FetchJwks } from '../../registry/oauth-keys.ts'
import type { Registry } from '../../registry/store.ts'
import type { Outbound } from '../outbound/outbound.ts'
import type { StoreBreaker } from '../store-breaker.ts'
import { createExternalTokens, type ExternalTokens } from './external-tokens.ts'
import { createIntrospection } from './introspect.ts'
import { createVerifier } from './verify.ts'

export interface OpenExternalTokens {
  readonly registry: Registry
  readonly breaker: StoreBreaker
  readonly fetchJwks: FetchJwks
  readonly outbound: Outbound
  readonly ownIssuer: string
  readonly log: Log
}

/** Tokens of issuers outside, for one thread, over the registry. */
export function openExternalTokens(parts: OpenExternalTokens): ExternalTokens {
  const { registry, breaker, fetchJwks, outbound, ownIssuer, log } = parts
  return createExternalTokens({
    listIssuers: () => breaker.ask(() => listSealedIssuers(registry)),
    findIdentity: (given) => breaker.ask(() => findIdentityOfApplication(registry, given)),
    verify: createVerifier(fetchJwks, Date.now),
    ask: createIntrospection(outbound, (issuer) => openClientSecret(registry, issuer), Date.now),
    ownIssuer,
    now: Date.now,
    onFailure: (issuer, error) => log.warn({ err: error, issuer }, 'an issuer could not be asked'),
  })
}
