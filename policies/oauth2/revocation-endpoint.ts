import { InvalidRequestError, UnauthorizedClientError } from 'oauth2-server'
import { authenticateClient } from './client-authentication.ts'
import type { AuthorizationServerDeps } from './deps.ts'
import type { Form } from './form.ts'
import { emptyAnswer, type OAuthAnswer, type OAuthRequest } from './message.ts'
import { findRefreshToken } from './refresh-tokens.ts'

/**
 * RFC 7009. A client gives back its own tokens: an access token ends itself, a refresh token all that came of the same
 * authorization (§2.1). One that is unknown, or gone already, is as good as revoked (§2.2); one of another client is an
 * error (§2.1). The type hint is not needed: a token says what it is.
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
  const found = await findRefreshToken(deps, token)
  if (found) {
    if (found.grant.credentialId !== client.id)
      throw new UnauthorizedClientError('The token was issued to another client')
    await deps.families.revoke(found.family.id)
  }
  return emptyAnswer(200)
}
