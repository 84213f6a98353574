import { AbstractGrantType, InvalidRequestError } from 'oauth2-server'
import type { TokenGrant } from '../../../registry/model.ts'
import { type ActorClaim, tokenExchange } from '../../../registry/oauth-model.ts'
import { mayStillHave, sameDetails } from '../authorization-details.ts'
import { resourcesFor } from '../resources.ts'
import type { Grant, GrantModel, GrantRequest } from './grant.ts'
import { scopesFor } from './scopes.ts'

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/** So many parties in a row is a loop, or an attempt to fill the store. */
const mostActors = 5
/** Each of them is looked up with every first use of the token. */
const mostExchanges = 8

/** Hands the exchange to the model: the library has no such grant, and takes it as an extension. */
class TokenExchangeGrantType extends AbstractGrantType {
  handle() {
    return (this as unknown as { model: GrantModel }).model.exchange!()
  }
}

/** RFC 8693: a service that was called with an access token gets one of its own, to go on in the caller's name. */
export const tokenExchangeGrant: Grant = {
  name: tokenExchange,
  parameters: [],
  runBy: TokenExchangeGrantType,
  model: (request) => ({
    async exchange() {
      const accessToken = await exchanged(request)
      return { accessToken, client: { id: request.client.id, grants: [] }, user: { id: 'subject' } }
    },
  }),
}

/** Never more than the token that is given: in scope, in place, in time. */
async function exchanged(request: GrantRequest): Promise<string> {
  const { client, form, deps, issue } = request
  for (const name of ['requested_token_type', 'subject_token_type'])
    if ((form.get(name) ?? (name === 'requested_token_type' ? accessTokenType : '')) !== accessTokenType)
      throw new InvalidRequestError(`${name} must be ${accessTokenType}`)
  if (form.has('actor_token') || form.has('actor_token_type'))
    throw new InvalidRequestError('No actor_token is taken: the client itself is the actor')

  const given = await subjectOf(request)
  const owner = given.credentialId === client.id ? client : await deps.findClient(given.credentialId)
  if (!owner || !mayStillHave(given.authorizationDetails, owner))
    throw new InvalidRequestError(
      'The client of the subject_token may not have its authorization_details any more',
    )
  const grantable = given.scopes.filter((scope) => client.scopes.includes(scope))
  const scopes = scopesFor(form.get('scope')?.split(' '), grantable)
  const asked = [form.get('resource'), form.get('audience')].filter((text) => text !== undefined)
  const target = asked.length > 0 ? asked.join(' ') : undefined
  return issue({
    scopes,
    resources: await resourcesFor(target, given.resources, client, deps),
    authorizationDetails: sameDetails(form.get('authorization_details'), given.authorizationDetails, client),
    subject: given.subject ?? given.applicationId,
    authenticatedAt: given.authenticatedAt,
    actor: actorOf(given, request),
    familyId: given.familyId,
    exchangedFor: exchangedFor(given, request),
    notAfter: given.expiresAt,
    members: { issued_token_type: accessTokenType },
  })
}

/**
 * The token that is given for another. In the same words for any that is no good (RFC 8693 §2.2.2): unknown, ended, of
 * another partner or environment, or bound to a key that the client does not prove.
 *
 * @throws InvalidRequestError
 */
async function subjectOf({ client, form, deps, confirmation }: GrantRequest): Promise<TokenGrant> {
  const token = form.get('subject_token')
  if (token === undefined) throw new InvalidRequestError('subject_token is missing')
  const given = await deps.findLiveToken(token)
  const isGood =
    given !== undefined &&
    given.expiresAt > deps.now() &&
    given.partnerId === client.partnerId &&
    given.environment === client.environment &&
    (given.confirmation === null || isSame(given.confirmation, confirmation))
  if (!isGood) throw new InvalidRequestError('subject_token is not good for this client')
  return given
}

/**
 * A person's authorization ends all that came of it. Where there is none, the new token ends with the one that it was
 * exchanged for, and with those before.
 */
function exchangedFor(given: TokenGrant, { form, deps }: GrantRequest): string[] {
  if (given.familyId !== null) return []
  if (given.exchangedFor.length === mostExchanges)
    throw new InvalidRequestError('The token was exchanged too often')
  return [...given.exchangedFor, deps.hashOfToken(form.get('subject_token')!)]
}

const isSame = (one: object, other: object | null) => JSON.stringify(one) === JSON.stringify(other)

/** Who acts now, and for whom that one acted before (§4.1). A client that exchanges its own token is no further party. */
function actorOf(given: TokenGrant, { client }: GrantRequest): ActorClaim | null {
  if (given.credentialId === client.id) return given.actor
  let count = 1
  for (let actor = given.actor; actor; actor = actor.act ?? null) count++
  if (count > mostActors) throw new InvalidRequestError('The token has passed through too many parties')
  return { sub: client.id, ...(given.actor && { act: given.actor }) }
}
