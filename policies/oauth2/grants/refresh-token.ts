import { InvalidGrantError, type Token } from 'oauth2-server'
import { mayStillHave, sameDetails } from '../authorization-details.ts'
import { type FoundRefreshToken, findRefreshToken, isReused, isRotated, rotate } from '../refresh-tokens.ts'
import { resourcesFor } from '../resources.ts'
import { type Grant, type GrantRequest, notIssued } from './grant.ts'

/** RFC 6749 §6: another access token for what a person has allowed, or for a part of it. */
export const refreshToken: Grant = {
  name: 'refresh_token',
  parameters: ['refresh_token', 'scope'],
  model: (request) => {
    let found: FoundRefreshToken | undefined
    const presented = request.form.get('refresh_token') ?? ''
    return {
      async getRefreshToken() {
        found = await usable(request, presented)
        const { family } = found
        return {
          refreshToken: presented,
          client: { id: request.client.id, grants: [] },
          user: { id: family.subject },
          // The library takes this for what may be asked for: what was allowed and the client may still have.
          scope: family.scopes.filter((scope) => request.client.scopes.includes(scope)),
        }
      },
      // That comes last: a request that is refused after all must leave the token as it is.
      revokeToken: async () => true,
      generateAccessToken: notIssued,
      generateRefreshToken: notIssued,
      saveToken: async ({ scope }: Token, asClient: Token['client'], user: Token['user']) => {
        const scopes = [...new Set(scope)]
        const accessToken = await refreshed(request, presented, found!, scopes)
        return { accessToken, scope: scopes, client: asClient, user }
      },
    }
  },
}

const unknown = () => new InvalidGrantError('The refresh token is unknown, expired or was used')

/** @throws InvalidGrantError */
async function usable(request: GrantRequest, presented: string): Promise<FoundRefreshToken> {
  const { client, deps, confirmation } = request
  const found = await findRefreshToken(deps, presented)
  if (!found) throw unknown()
  const { grant, family } = found
  if (grant.credentialId !== client.id || family.createdAt <= client.tokensNotBefore) throw unknown()
  if (grant.jkt !== null && (!confirmation || !('jkt' in confirmation) || confirmation.jkt !== grant.jkt))
    throw new InvalidGrantError('The refresh token is bound to another DPoP key')
  if (await isReused(deps, presented, found)) throw unknown()
  if (!mayStillHave(family.authorizationDetails, client))
    throw new InvalidGrantError('The client may not have these authorization_details any more')
  return found
}

async function refreshed(
  { client, form, deps, issue }: GrantRequest,
  presented: string,
  found: FoundRefreshToken,
  scopes: readonly string[],
): Promise<string> {
  const { family } = found
  const resources = await resourcesFor(form.get('resource'), family.resources, client, deps)
  const asked = form.get('authorization_details')
  const authorizationDetails = sameDetails(asked, family.authorizationDetails, client)
  // What can fail comes before the token is rotated, so that the client can try again with it however late.
  const members: Record<string, unknown> = {}
  const accessToken = await issue({
    scopes,
    subject: family.subject,
    authenticatedAt: family.authenticatedAt,
    authorizationDetails,
    resources,
    familyId: family.id,
    notAfter: family.expiresAt,
    members,
  })
  if (isRotated(client)) members.refresh_token = await rotate(deps, presented, found)
  return accessToken
}
