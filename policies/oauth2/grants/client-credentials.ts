import { InvalidScopeError, type Token } from 'oauth2-server'
import type { OAuthClient } from '../deps.ts'
import type { Grant } from './grant.ts'

/** RFC 6749 §4.4: the application asks for itself. */
export const clientCredentials: Grant = {
  name: 'client_credentials',
  parameters: ['scope'],
  model: ({ client, issue }) => ({
    getUserFromClient: async () => ({ id: client.applicationId }),
    validateScope: async (_user: unknown, _client: unknown, asked?: string[]) => grantedOf(client, asked),
    // The token is made where it is kept. The library wants one before that, and never sends it.
    generateAccessToken: async () => 'not-issued',
    saveToken: async ({ scope }: Token, asClient: Token['client'], user: Token['user']) => {
      const scopes = scope ?? []
      return { accessToken: await issue(scopes), scope: scopes, client: asClient, user }
    },
  }),
}

/** Nothing asked for: all that may be granted. Anything else: exactly that, or nothing at all. */
function grantedOf(client: OAuthClient, asked: readonly string[] | undefined): string[] {
  if (asked === undefined) return [...client.scopes]
  const grantable = new Set(client.scopes)
  if (!asked.every((scope) => grantable.has(scope)))
    throw new InvalidScopeError('A scope is unknown or not granted to this client')
  return [...new Set(asked)]
}
