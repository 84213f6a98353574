import { InvalidRequestError } from 'oauth2-server'
import { authenticateClient, ownerOfCount } from '../client-authentication.ts'
import type { AuthorizationServerDeps, OAuthClient } from '../deps.ts'
import { slowDown } from '../errors.ts'
import type { Form } from '../form.ts'
import { jsonAnswer, type OAuthAnswer, type OAuthRequest } from '../message.ts'
import { proofKeyOf } from '../sender-constraint.ts'
import { answerableOf, checkRequest } from './check-request.ts'
import { keepPushed, pushedLifetimeSeconds } from './pushed-requests.ts'
import { readRequestObject } from './request-object.ts'

/** RFC 9126: a client hands in its request itself, and is told what is wrong with it before a person is involved. */
export async function answerPushedRequest(
  req: OAuthRequest,
  form: Form,
  deps: AuthorizationServerDeps,
): Promise<OAuthAnswer> {
  // A public client may push, too: what it asks for is as well known in a link. FAPI 2.0 has no public clients.
  const client = await authenticateClient(req, form, deps, { takesPublic: true })
  const left = await deps.takeTokens({ ...pushesOf(client, req), cost: 1 })
  if (!left.isAllowed) throw slowDown('Too many requests', left.retryAfterMs)
  if (form.has('request_uri')) throw new InvalidRequestError('request_uri cannot be pushed') // §2.1
  const parameters = await parametersOf(form, client, deps)
  const request = await checkRequest(parameters, answerableOf(parameters, client), client, deps)
  // RFC 9449 §10.1: the proof that comes with it says the same as dpop_jkt.
  const dpopJkt = (await proofKeyOf(req, parameters, deps)) ?? null
  const requestUri = await keepPushed(deps, { ...request, dpopJkt })
  return jsonAnswer(201, { request_uri: requestUri, expires_in: pushedLifetimeSeconds })
}

async function parametersOf(form: Form, client: OAuthClient, deps: AuthorizationServerDeps): Promise<Form> {
  const object = form.get('request')
  if (object !== undefined) return readRequestObject(object, client, deps)
  if (client.settings.profile === 'fapi2-message-signing')
    throw new InvalidRequestError('Requests of this client must be signed: send a request object')
  return form
}

/** Each is kept until it ends: without a bound one client could fill the store that all live on. */
function pushesOf(client: OAuthClient, req: OAuthRequest) {
  const rule = `oauth2-pushed:${client.id}`
  return { owner: ownerOfCount(client, req), rule, limit: 1_000, windowMs: 60_000 }
}
