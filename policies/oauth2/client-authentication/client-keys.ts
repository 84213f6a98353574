import type { Jwk } from '../../../registry/oauth-keys.ts'
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

/** Keys that a signature under this header may be by (RFC 7515 §4.1.4): all that have the kid, or all without one. */
export function keysFor(keys: readonly Jwk[], kid: unknown): readonly Jwk[] {
  return kid === undefined ? keys : keys.filter((jwk) => jwk.kid === kid)
}
