import { type AuthorizationCode, InvalidGrantError, type Token } from 'oauth2-server'
import { mayStillHave, sameDetails } from '../authorization-details.ts'
import { type CodeGrant, openFamilyOf, redeemCode } from '../codes.ts'
import { issueRefreshToken } from '../refresh-tokens.ts'
import { resourcesFor } from '../resources.ts'
import { type Grant, type GrantRequest, notIssued } from './grant.ts'

/** RFC 6749 §4.1.3 with PKCE (RFC 7636): what a person has allowed, for the code that says so. */
export const authorizationCode: Grant = {
  name: 'authorization_code',
  parameters: ['code', 'redirect_uri', 'code_verifier'],
  model: (request) => {
    let redeemed: CodeGrant | undefined
    return {
      async getAuthorizationCode(code: string) {
        redeemed = await redeemCode(request.deps, code)
        return redeemed && forLibrary(code, checked(redeemed, request))
      },
      // It was taken in the same step in which it was read.
      revokeAuthorizationCode: async () => true,
      generateAccessToken: notIssued,
      generateRefreshToken: notIssued,
      saveToken: async (token: Token, asClient: Token['client'], user: Token['user']) => {
        const accessToken = await redeemedBy(request, token.authorizationCode as string, redeemed!)
        return { accessToken, scope: redeemed!.scopes, client: asClient, user }
      },
    }
  },
}

/**
 * What the library does not check, or in other words than the standard. The code is used up by now, whoever sent it.
 *
 * @throws InvalidGrantError
 */
function checked(code: CodeGrant, { client, form, confirmation }: GrantRequest): CodeGrant {
  if (code.clientId !== client.id || code.issuedAt <= client.tokensNotBefore)
    throw new InvalidGrantError('The code is unknown, expired or was used')
  if (form.get('redirect_uri') !== code.redirectUri)
    throw new InvalidGrantError('redirect_uri is another one than in the authorization request')
  // RFC 9449 §10: the code is worth nothing without the key that it was asked for with.
  if (
    code.dpopJkt !== null &&
    (!confirmation || !('jkt' in confirmation) || confirmation.jkt !== code.dpopJkt)
  )
    throw new InvalidGrantError('The code is bound to another DPoP key')
  if (!mayStillHave(code.authorizationDetails, client))
    throw new InvalidGrantError('The client may not have these authorization_details any more')
  return code
}

const farAway = new Date(8_640_000_000_000_000)

function forLibrary(authorizationCode: string, code: CodeGrant): AuthorizationCode {
  return {
    authorizationCode,
    expiresAt: farAway, // judged already, by our clock
    redirectUri: code.redirectUri,
    scope: code.scopes,
    codeChallenge: code.codeChallenge,
    codeChallengeMethod: 'S256',
    client: { id: code.clientId, grants: [] },
    user: { id: code.subject },
  }
}

async function redeemedBy(request: GrantRequest, code: string, granted: CodeGrant): Promise<string> {
  const { client, form, deps, confirmation, issue } = request
  const { subject, authenticatedAt } = granted
  const { id: credentialId, applicationId, partnerId, environment, settings } = client
  const resources = await resourcesFor(form.get('resource'), granted.resources, client, deps)
  const authorizationDetails = sameDetails(
    form.get('authorization_details'),
    granted.authorizationDetails,
    client,
  )
  const mayRefresh = settings.grants.includes('refresh_token')
  const lifetimeSeconds = mayRefresh ? settings.refreshLifetimeSeconds : client.tokenLifetimeSeconds
  const scopes = granted.scopes.filter((scope) => client.scopes.includes(scope))
  const family = await openFamilyOf(deps, code, {
    credentialId,
    applicationId,
    partnerId,
    environment,
    subject,
    authenticatedAt,
    scopes,
    authorizationDetails: granted.authorizationDetails,
    resources: granted.resources,
    expiresAt: Math.min(deps.now() + lifetimeSeconds * 1000, client.expiresAt ?? Number.POSITIVE_INFINITY),
  })
  await requireStillGood(request, granted, family.id)
  // A public client cannot prove itself: its refresh tokens work only with the key of its tokens (RFC 9449 §5).
  const jkt =
    settings.authentication === 'none' && confirmation && 'jkt' in confirmation ? confirmation.jkt : null
  const refreshToken =
    mayRefresh && (await issueRefreshToken(deps, { familyId: family.id, credentialId, jkt }, family))
  return issue({
    scopes,
    subject,
    authenticatedAt,
    authorizationDetails,
    resources,
    familyId: family.id,
    notAfter: family.expiresAt,
    ...(refreshToken && { members: { refresh_token: refreshToken } }),
  })
}

/**
 * Who ends all that a client has, or that a person has allowed it, says so first, and then looks for its families: one
 * that was opened meanwhile by a code from before would be seen by nobody, and live on.
 *
 * @throws InvalidGrantError; the family has ended then
 */
async function requireStillGood({ client, deps }: GrantRequest, code: CodeGrant, familyId: string) {
  const now = await deps.findClient(client.id)
  const withdrawnAt = await deps.families.withdrawnAt(code.subject, client.id)
  if (now && code.issuedAt > now.tokensNotBefore && code.issuedAt > withdrawnAt) return
  await deps.families.revoke(familyId)
  throw new InvalidGrantError('The code is unknown, expired or was used')
}
