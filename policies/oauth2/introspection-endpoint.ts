import { InvalidRequestError } from 'oauth2-server'
import type { TokenGrant } from '../../registry/model.ts'
import { authenticateClient } from './client-authentication.ts'
import type { AuthorizationServerDeps, OAuthClient } from './deps.ts'
import type { Form } from './form.ts'
import { introspectionAnswer } from './introspection-answer.ts'
import type { OAuthAnswer, OAuthRequest } from './message.ts'

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
  if (!grant || !mayAsk(client, grant) || grant.expiresAt <= deps.now())
    return introspectionAnswer(req, client, { active: false }, deps)
  const members = {
    active: true,
    iss: deps.issuer,
    client_id: grant.credentialId,
    sub: grant.applicationId,
    token_type: 'Bearer',
    ...(grant.scopes.length > 0 && { scope: grant.scopes.join(' ') }),
    iat: Math.floor(grant.issuedAt / 1000),
    exp: Math.floor(grant.expiresAt / 1000),
  }
  return introspectionAnswer(req, client, members, deps)
}

/** A resource server about any token of its environment, other clients about their own. */
const mayAsk = ({ id, environment, settings }: OAuthClient, grant: TokenGrant) =>
  grant.credentialId === id || (settings.isResourceServer && grant.environment === environment)
