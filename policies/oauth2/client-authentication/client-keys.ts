import { algorithmsOf, type Jwk } from '../../../registry/oauth-keys.ts'
import type { Jws } from '../../proof/jws.ts'
import type { AuthorizationServerDeps, OAuthClient } from '../deps.ts'

/**
 * The public keys of a client, from its settings or from where it says they are.
 *
 * @param kid of the key that is wanted: an unknown one makes us ask its source again
 * @returns [] when it has none, or when they cannot be had, which is reported
 */
export async function keysOf(
  { settings }: OAuthClient,
  kid: string | undefined,
  { fetchJwks, report }: AuthorizationServerDeps,
): Promise<readonly Jwk[]> {
  if (settings.jwks !== null) return settings.jwks.keys
  if (settings.jwksUri === null) return []
  try {
    return await fetchJwks(settings.jwksUri, kid)
  } catch (error) {
    report(error)
    return []
  }
}

/** Where a signature does not name its key, so many are tried: a set of a hundred large ones held a thread for 80 ms. */
const mostTries = 4

/**
 * Keys that a signature under this header may be by (RFC 7515 §4.1.4): of those for its algorithm all that have the kid,
 * or all without one. The first few of them: whoever sends a signature need not have proved anything yet.
 */
export function keysFor(keys: readonly Jwk[], { kid, alg }: Jws['header']): readonly Jwk[] {
  return keys
    .filter((jwk) => (kid === undefined || jwk.kid === kid) && algorithmsOf(jwk).some((one) => one === alg))
    .slice(0, mostTries)
}
