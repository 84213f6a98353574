import { InvalidRequestError } from 'oauth2-server'
import { authenticateClient } from './client-authentication.ts'
import type { AuthorizationServerDeps } from './deps.ts'
import type { Form } from './form.ts'
import { jsonAnswer, type OAuthAnswer, type OAuthRequest } from './message.ts'

/**
 * RFC 7662. A client may ask about its own tokens. Any other text, be it unknown, expired, revoked or somebody else's,
 * gets the same answer (§2.2), so that nothing can be learnt by asking.
 */
export async function answerIntrospection(
  req: OAuthRequest,
  form: Form,
  deps: AuthorizationServerDeps,
): Promise<OAuthAnswer> {
  const client = await authenticateClient(req, form, deps)
  const token = form.get('token')
  if (token === undefined) throw new InvalidRequestError('token is missing')
  const grant = await deps.findToken(token)
  if (!grant || grant.credentialId !== client.id || grant.expiresAt <= deps.now())
    return jsonAnswer(200, { active: false })
  return jsonAnswer(200, {
    active: true,
    iss: deps.issuer,
    client_id: grant.credentialId,
    sub: grant.applicationId,
    token_type: 'Bearer',
    ...(grant.scopes.length > 0 && { scope: grant.scopes.join(' ') }),
    iat: Math.floor(grant.issuedAt / 1000),
    exp: Math.floor(grant.expiresAt / 1000),
  })
}
