import { InvalidRequestError, OAuthError } from 'oauth2-server'
import { networkOf } from '../../../registry/base/network.ts'
import type { AuthorizationRequest } from '../authorization-request.ts'
import { type AuthorizationError, denied } from '../authorization-response.ts'
import type { AuthorizationServerDeps, OAuthClient } from '../deps.ts'
import { oauthError, slowDown } from '../errors.ts'
import { type Form, readForm, readParameters } from '../form.ts'
import { startInteraction } from '../interactions.ts'
import { type OAuthAnswer, type OAuthRequest, redirectAnswer } from '../message.ts'
import { answerableOf, checkRequest } from './check-request.ts'
import { findPushed, mustPush } from './pushed-requests.ts'
import { readRequestObject } from './request-object.ts'

/** What this endpoint leaves to the pages for people. */
export interface People {
  /** Whether anybody can sign in at all; without that there is no code grant. */
  readonly canSignIn: boolean
  /** `prompt=none`: the answer without any page. */
  answerSilently(req: OAuthRequest, request: AuthorizationRequest, client: OAuthClient): Promise<OAuthAnswer>
  /** Tells the person of a request that cannot be answered to the client; undefined: it is told as JSON. */
  refusal?(req: OAuthRequest, error: OAuthError): OAuthAnswer
}

/** Where nobody can sign in without a page. */
export const nobodySignedIn = (deps: AuthorizationServerDeps): People => ({
  canSignIn: true,
  answerSilently: (_req, request) => denied(deps, request, 'login_required', 'The person has to sign in'),
})

/**
 * RFC 6749 §3.1, by GET or POST. A request that is right waits for the person; one that is wrong goes back to the client,
 * as soon as it is sure which client that is and where it is to be reached.
 *
 * @throws OAuthError before that; nobody is sent anywhere then (RFC 9700 §4.11). @throws Problem store-unavailable
 */
export async function answerAuthorization(
  req: OAuthRequest,
  deps: AuthorizationServerDeps,
  people: People,
): Promise<OAuthAnswer> {
  const sent = req.method === 'GET' ? readParameters(req.query) : readForm(req)
  // Each is kept for the person's time: a stranger could fill the store.
  const left = await deps.takeTokens({ ...requestsFrom(networkOf(req.ip)), cost: 1 })
  if (!left.isAllowed) throw slowDown('Too many requests', left.retryAfterMs)
  const clientId = sent.get('client_id')
  if (clientId === undefined) throw new InvalidRequestError('client_id is missing')
  const client = await deps.findClient(clientId)
  // Not invalid_client, which comes with a challenge: a browser would ask the person for a password.
  if (!client) throw new InvalidRequestError('client_id is unknown')

  const found = await requestOf(sent, client, deps)
  if ('answer' in found) return found.answer
  const { request } = found
  if (!people.canSignIn)
    return denied(deps, request, 'unsupported_response_type', 'The code grant is not available here')
  if (request.prompt.includes('none')) return people.answerSilently(req, request, client)
  const { location, setCookie } = await startInteraction(deps, req, request)
  return redirectAnswer(location, { 'Set-Cookie': setCookie })
}

/** The request, checked; or what is answered to a wrong one. */
async function requestOf(
  sent: Form,
  client: OAuthClient,
  deps: AuthorizationServerDeps,
): Promise<{ request: AuthorizationRequest } | { answer: OAuthAnswer }> {
  const requestUri = sent.get('request_uri')
  const object = sent.get('request')
  if (requestUri !== undefined) {
    if (object !== undefined) throw new InvalidRequestError('Send request or request_uri, not both')
    return { request: await findPushed(deps, requestUri, client) }
  }
  const parameters = object === undefined ? sent : await readRequestObject(object, client, deps)
  const answerable = answerableOf(parameters, client)
  try {
    if (mustPush(client))
      throw oauthError('invalid_request', 'Requests of this client must be pushed ahead (RFC 9126)')
    return { request: await checkRequest(parameters, answerable, client, deps) }
  } catch (error) {
    if (!(error instanceof OAuthError) || error.code >= 500) throw error
    return { answer: await denied(deps, answerable, error.name as AuthorizationError, error.message) }
  }
}

function requestsFrom(network: string) {
  return { owner: network, rule: 'oauth2-authorize', limit: 600, windowMs: 60_000 }
}
