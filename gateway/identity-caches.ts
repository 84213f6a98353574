import { accessTokenType } from '../policies/oauth2/index.ts'
import { steadyClock } from '../registry/base/clock.ts'
import type { Config } from '../registry/base/config.ts'
import { readUnverified } from '../registry/base/jwt-form.ts'
import { hashSecret, looksLikeSecret } from '../registry/base/secrets.ts'
import { findIdentityBySecret, findIdentityByToken } from '../registry/credentials.ts'
import type { Signer } from '../registry/signing-keys.ts'
import type { Registry } from '../registry/store.ts'
import { createIdentities } from './identities.ts'
import { identityOf } from './identity-of.ts'
import type { ExternalTokens } from './issuers/external-tokens.ts'
import type { StoreBreaker } from './store-breaker.ts'
import { createStrangers, type StrangersParts } from './strangers.ts'

interface ThreadFacts extends Pick<StrangersParts, 'known' | 'onRefused'> {
  /** When the registry was last heard, by the steady clock. */
  readonly contactAt: () => number
  readonly signer: Signer
  readonly externalTokens: ExternalTokens
  /** As it stands in our own signed tokens. */
  readonly issuer: string
}

/** Who stands behind keys and tokens, for one thread; what strangers make up is counted over both. */
export function createIdentityCaches(
  config: Config,
  registry: Registry,
  breaker: StoreBreaker,
  { contactAt, known, onRefused, signer, externalTokens, issuer }: ThreadFacts,
) {
  const common = {
    strangers: createStrangers({
      perNetwork: config.GATEWAY_FAILED_LOOKUPS_PER_SECOND,
      inAll: config.GATEWAY_MAX_FAILED_LOOKUPS_PER_SECOND,
      known,
      now: steadyClock,
      onRefused,
    }),
    hashOf: (presented: string) => hashSecret(registry.secrets.hashKey, presented),
    now: Date.now,
    steadyNow: steadyClock,
    contactAt,
    cacheMs: config.GATEWAY_IDENTITY_CACHE_SECONDS * 1000,
    graceMs: config.GATEWAY_IDENTITY_GRACE_SECONDS * 1000,
    max: config.GATEWAY_MAX_CACHED_IDENTITIES,
  }
  const keys = createIdentities({
    ...common,
    isWellFormed: (key) => looksLikeSecret('api-key:live', key) || looksLikeSecret('api-key:sandbox', key),
    lookUp: async (key) =>
      identityOf(await breaker.ask(() => findIdentityBySecret(registry, 'api-key', key)), 'api-key'),
  })
  const tokens = createIdentities({
    ...common,
    isWellFormed: (token) =>
      looksLikeSecret('access-token:live', token) ||
      looksLikeSecret('access-token:sandbox', token) ||
      claimsToBeOurs(token, issuer) ||
      externalTokens.mayBe(token),
    async lookUp(token) {
      const isSigned = claimsToBeOurs(token, issuer)
      if (!isSigned && externalTokens.mayBe(token))
        return identityOf(await externalTokens.identify(token), 'bearer')
      // What does not bear our signature costs no question to the store.
      if (isSigned && !(await signer.verify(token, { typ: accessTokenType }))) return undefined
      return identityOf(await breaker.ask(() => findIdentityByToken(registry, token)), 'bearer')
    },
  })
  return { keys, tokens }
}

function claimsToBeOurs(token: string, issuer: string): boolean {
  const jwt = readUnverified(token)
  return jwt !== undefined && jwt.claims.iss === issuer && jwt.header.typ === accessTokenType
}
