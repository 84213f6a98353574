import { InvalidRequestError } from 'oauth2-server'
import type { Confirmation } from '../../registry/oauth-model.ts'
import type { AuthorizationServerDeps, OAuthClient } from './deps.ts'
import type { Form } from './form.ts'
import type { OAuthRequest } from './message.ts'

/**
 * What the tokens of this request are bound to; null: to nothing, whoever holds one may use it.
 *
 * @throws InvalidRequestError for clients whose tokens must be bound: that cannot be done yet, and a token that is not
 * bound is not what was agreed with them
 */
export async function senderConstraintOf(
  _req: OAuthRequest,
  _form: Form,
  client: OAuthClient,
  _deps: AuthorizationServerDeps,
): Promise<Confirmation | null> {
  if (client.settings.senderConstraint === 'none') return null
  throw new InvalidRequestError('Sender-constrained tokens are not on offer yet')
}
