import type { Token } from 'oauth2-server'
import { readAuthorizationDetails } from '../authorization-details.ts'
import { resourcesFor } from '../resources.ts'
import { type Grant, notIssued } from './grant.ts'
import { scopesFor } from './scopes.ts'

/** RFC 6749 §4.4: the application asks for itself. */
export const clientCredentials: Grant = {
  name: 'client_credentials',
  parameters: ['scope'],
  model: ({ client, form, deps, issue }) => ({
    getUserFromClient: async () => ({ id: client.applicationId }),
    validateScope: async (_user: unknown, _client: unknown, asked?: string[]) =>
      scopesFor(asked, client.scopes),
    // The token is made where it is kept. The library wants one before that, and never sends it.
    generateAccessToken: notIssued,
    saveToken: async ({ scope }: Token, asClient: Token['client'], user: Token['user']) => {
      const scopes = scope ?? []
      const resources = await resourcesFor(form.get('resource'), [], client, deps)
      const authorizationDetails = readAuthorizationDetails(form.get('authorization_details'), client)
      const accessToken = await issue({ scopes, resources, authorizationDetails })
      return { accessToken, scope: scopes, client: asClient, user }
    },
  }),
}
