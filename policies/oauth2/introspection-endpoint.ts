import { InvalidRequestError } from 'oauth2-server'
import type { TokenFamily, TokenGrant } from '../../registry/model.ts'
import { authenticateClient } from './client-authentication.ts'
import type { AuthorizationServerDeps, OAuthClient } from './deps.ts'
import type { Form } from './form.ts'
import { introspectionAnswer } from './introspection-answer.ts'
import type { OAuthAnswer, OAuthRequest } from './message.ts'
import { findRefreshToken } from './refresh-tokens.ts'

/**
 * RFC 7662. A client may ask about its own tokens, a resource server about all. Any other text, be it unknown, expired,
 * revoked or somebody else's, gets the same answer (§2.2), so that nothing can be learnt by asking.
 */
export async function answerIntrospection(
  req: OAuthRequest,
  form: Form,
  deps: AuthorizationServerDeps,
): Promise<OAuthAnswer> {
  const client = await authenticateClient(req, form, deps)
  const token = form.get('token')
  if (token === undefined) throw new InvalidRequestError('token is missing')
  const grant = await deps.findLiveToken(token)
  const isActive = grant && mayAsk(client, grant) && grant.expiresAt > deps.now()
  const members = isActive ? accessTokenMembers(grant) : await refreshTokenMembers(token, client, deps)
  const told = members ? { active: true, iss: deps.issuer, ...members } : { active: false }
  return introspectionAnswer(req, client, told, deps)
}

/** RFC 7662 §2.2, RFC 8705 §3.2, RFC 9449 §6.2, RFC 9396 §9.2, RFC 8693 §4. No user name: who that is, is not told here. */
function accessTokenMembers(grant: TokenGrant): Record<string, unknown> {
  const { confirmation, actor, authenticatedAt } = grant
  return {
    ...membersOf(grant),
    sub: grant.subject ?? grant.applicationId,
    token_type: confirmation && 'jkt' in confirmation ? 'DPoP' : 'Bearer',
    iat: Math.floor(grant.issuedAt / 1000),
    ...(confirmation && { cnf: confirmation }),
    ...(actor && { act: actor }),
    ...(authenticatedAt !== null && { auth_time: Math.floor(authenticatedAt / 1000) }),
  }
}

/** Of a refresh token, which is nobody's business but its own client's. Asking does not use it. */
async function refreshTokenMembers(
  token: string,
  client: OAuthClient,
  deps: AuthorizationServerDeps,
): Promise<Record<string, unknown> | undefined> {
  const found = await findRefreshToken(deps, token)
  if (!found || found.grant.credentialId !== client.id || found.rotation) return undefined
  const { grant, family } = found
  if (family.createdAt <= client.tokensNotBefore) return undefined
  return {
    ...membersOf(family),
    sub: family.subject,
    iat: Math.floor(family.createdAt / 1000),
    auth_time: Math.floor(family.authenticatedAt / 1000),
    ...(grant.jkt !== null && { cnf: { jkt: grant.jkt } }),
  }
}

function membersOf({
  credentialId,
  scopes,
  expiresAt,
  resources,
  authorizationDetails,
}: TokenGrant | TokenFamily): Record<string, unknown> {
  return {
    client_id: credentialId,
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    exp: Math.floor(expiresAt / 1000),
    ...(resources.length > 0 && { aud: resources }),
    ...(authorizationDetails && { authorization_details: authorizationDetails }),
  }
}

/** A resource server about any token of its environment, other clients about their own. */
const mayAsk = ({ id, environment, settings }: OAuthClient, grant: TokenGrant) =>
  grant.credentialId === id || (settings.isResourceServer && grant.environment === environment)
