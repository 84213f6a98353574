import { InvalidRequestError, UnauthorizedClientError } from 'oauth2-server'
import { authenticateClient } from './client-authentication.ts'
import type { AuthorizationServerDeps } from './deps.ts'
import type { Form } from './form.ts'
import { emptyAnswer, type OAuthAnswer, type OAuthRequest } from './message.ts'

/**
 * RFC 7009. A client gives back its own tokens. One that is unknown, or gone already, is as good as revoked (§2.2); one
 * of another client is an error (§2.1). The type hint is not needed: there is one kind of token.
 */
export async function answerRevocation(
  req: OAuthRequest,
  form: Form,
  deps: AuthorizationServerDeps,
): Promise<OAuthAnswer> {
  const client = await authenticateClient(req, form, deps, { takesPublic: true })
  const token = form.get('token')
  if (token === undefined) throw new InvalidRequestError('token is missing')
  const grant = await deps.findToken(token)
  if (grant !== undefined) {
    if (grant.credentialId !== client.id)
      throw new UnauthorizedClientError('The token was issued to another client')
    await deps.revokeToken(token)
  }
  return emptyAnswer(200)
}
