import type { TokenFormat, TokenGrant } from '../../registry/model.ts'

/**
 * The form of access tokens. Opaque ones say nothing to whoever holds them; signed ones (RFC 9068) can be read and
 * checked without asking us. Both are kept in the store, so that revocation works on both alike.
 */

/** A published version, as far as the form of tokens for it goes. */
export interface ResourceFormat {
  /** Addresses that stand for it in `aud`. */
  readonly resources: readonly string[]
  readonly format: TokenFormat
}

export interface Resources {
  /** What a resource of a token request stands for; empty: nothing of ours. */
  at(resource: string): readonly ResourceFormat[]
  /** Whether anything that is published wants signed tokens. */
  readonly hasSigned: boolean
  ofVersion(versionId: string): ResourceFormat | undefined
}

/**
 * Whom a token is for, if it is to be signed: all that it is for wants signed ones. Where the client named no resource
 * it is for all that its application has subscribed to (RFC 9068 §3: a default in place of what was not named).
 *
 * @returns undefined: it is to be opaque
 */
export async function audienceOf(
  grant: Pick<TokenGrant, 'resources'>,
  resources: Resources,
  subscribedVersions: () => Promise<readonly string[]>,
): Promise<string[] | undefined> {
  if (!resources.hasSigned) return undefined
  if (grant.resources.length > 0) {
    const found = grant.resources.map((resource) => resources.at(resource))
    return found.every(allSigned) ? [...grant.resources] : undefined
  }
  const versions = (await subscribedVersions()).map((id) => resources.ofVersion(id))
  const published = versions.filter((version) => version !== undefined)
  return allSigned(published) ? published.flatMap((version) => version.resources) : undefined
}

const allSigned = (found: readonly ResourceFormat[]) =>
  found.length > 0 && found.every(({ format }) => format === 'jwt')

/** RFC 9068 §2.2 */
export const accessTokenType = 'at+jwt'

/** What a signed access token says. Nothing of the person beside the stable name: services ask for more if they may. */
export function accessTokenClaims(
  grant: TokenGrant,
  { issuer, audience, jti }: { issuer: string; audience: readonly string[]; jti: string },
): Record<string, unknown> {
  return {
    iss: issuer,
    aud: audience.length === 1 ? audience[0] : audience,
    sub: grant.subject ?? grant.applicationId,
    client_id: grant.credentialId,
    iat: Math.floor(grant.issuedAt / 1000),
    exp: Math.floor(grant.expiresAt / 1000),
    jti,
    ...(grant.scopes.length > 0 && { scope: grant.scopes.join(' ') }),
    ...(grant.confirmation && { cnf: grant.confirmation }),
    ...(grant.authorizationDetails && { authorization_details: grant.authorizationDetails }),
    ...(grant.authenticatedAt !== null && { auth_time: Math.floor(grant.authenticatedAt / 1000) }),
    ...(grant.actor && { act: grant.actor }),
  }
}
