import { accessTokenClaims, accessTokenType, audienceOf, type Resources } from '../policies/oauth2/index.ts'
import { newId } from '../registry/base/ids.ts'
import { type NewTokenGrant, TokenGrant } from '../registry/model.ts'
import type { Signer } from '../registry/signing-keys.ts'
import type { Registry } from '../registry/store.ts'
import { subscribedVersions } from '../registry/subscriptions.ts'
import { issueToken, keepToken } from '../registry/tokens.ts'

export interface IssuingParts {
  readonly registry: Registry
  readonly issuer: string
  readonly signer: Signer
  readonly resources: () => Resources
}

/**
 * Issues an access token in the form that the APIs want for which it is. A signed one is kept under its keyed hash as
 * an opaque one is: it ends with its family, its client, or when it is revoked.
 *
 * @throws Problem not-ready when it is to be signed and there is no key; store-unavailable; then nobody has the token
 */
export function createIssuing({ registry, issuer, signer, resources }: IssuingParts) {
  return async (given: NewTokenGrant): Promise<string> => {
    const grant = TokenGrant.parse(given)
    const audience = await audienceOf(grant, resources(), () =>
      subscribedVersions(registry, grant.applicationId),
    )
    if (!audience) return issueToken(registry, grant)
    const claims = accessTokenClaims(grant, { issuer, audience, jti: newId('jti') })
    const token = await signer.sign(claims, { typ: accessTokenType })
    await keepToken(registry, grant, token)
    return token
  }
}
