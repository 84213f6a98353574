import type { AuthorizationServerDeps, OAuthClient } from '../deps.ts'
import type { Secret } from './presented.ts'

/** By a secret (RFC 6749 §2.3.1); one that a client kept from before it was registered for another way is none any more. */
export async function findBySecret(
  tries: readonly Secret[],
  deps: AuthorizationServerDeps,
): Promise<OAuthClient | undefined> {
  for (const { clientId, secret } of tries) {
    const client = await deps.findClientBySecret(clientId, secret)
    if (client) return client.settings.authentication === 'client_secret' ? client : undefined
  }
  return undefined
}
