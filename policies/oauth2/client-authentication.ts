import { InvalidClientError, InvalidRequestError } from 'oauth2-server'
import { networkOf } from '../../registry/base/network.ts'
import type { AuthorizationServerDeps, OAuthClient } from './deps.ts'
import { slowDown } from './errors.ts'
import { type Form, formDecoded } from './form.ts'
import type { OAuthRequest } from './message.ts'

/**
 * The client that sends the request, by Basic or by a secret in the body (RFC 6749 §2.3.1). Done here and not by the
 * library, which compares Basic credentials without decoding them and lets clients with a code_verifier pass unproved.
 *
 * @throws InvalidRequestError when two ways are used at once; InvalidClientError in the same words for an unknown
 * client and for a wrong secret; slow_down after too many failures
 */
export async function authenticateClient(
  req: OAuthRequest,
  form: Form,
  deps: AuthorizationServerDeps,
): Promise<OAuthClient> {
  const presented = presentedBy(req.headers.authorization, form)
  const network = networkOf(req.ip)
  const failures = failuresOf(presented[0]!.clientId, network)
  const left = await deps.takeTokens({ ...failures, cost: 0 })
  if (left.remaining <= 0) throw slowDown(tooManyFailures, left.resetMs)

  for (const { clientId, secret } of presented) {
    const client = await deps.findClientBySecret(clientId, secret)
    if (client) return client
  }
  const all = await deps.takeTokens({ ...failuresOfAll(network), cost: 1 })
  if (!all.isAllowed) throw slowDown(tooManyFailures, all.retryAfterMs)
  await deps.takeTokens({ ...failures, cost: 1 })
  throw new InvalidClientError('The client is unknown or its secret is wrong')
}

interface Presented {
  readonly clientId: string
  readonly secret: string
}

function presentedBy(authorization: string | string[] | undefined, form: Form): Presented[] {
  const clientId = form.get('client_id')
  const secret = form.get('client_secret')
  if (authorization === undefined) {
    if (clientId === undefined || secret === undefined)
      throw new InvalidClientError('Send the client id and secret, by Basic or in the body')
    return [{ clientId, secret }]
  }
  if (secret !== undefined)
    throw new InvalidRequestError('Authenticate either by the Authorization header or in the body, not both')
  const presented = typeof authorization === 'string' ? fromBasic(authorization) : []
  if (presented.length === 0) throw new InvalidClientError('The Authorization header is not Basic')
  if (clientId !== undefined && !presented.some((p) => p.clientId === clientId))
    throw new InvalidRequestError('client_id is another one than in the Authorization header')
  return presented
}

/**
 * Id and secret are form-encoded before they are joined (RFC 6749 §2.3.1). Many older clients leave that out, so what
 * was sent is tried as it is, too, where that makes a difference.
 */
function fromBasic(authorization: string): Presented[] {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1]
  const text = encoded && Buffer.from(encoded, 'base64').toString('utf8')
  const cut = text ? text.indexOf(':') : -1
  if (!text || cut < 1) return []
  const raw = { clientId: text.slice(0, cut), secret: text.slice(cut + 1) }
  const clientId = formDecoded(raw.clientId)
  const secret = formDecoded(raw.secret)
  if (clientId === undefined || secret === undefined) return [raw]
  const isSame = clientId === raw.clientId && secret === raw.secret
  return isSame ? [raw] : [{ clientId, secret }, raw]
}

const tooManyFailures = 'Too many failed attempts'

/**
 * Failures are counted by client and address: by client alone, anybody could lock out a partner. Ids that we would
 * never give share one count.
 */
function failuresOf(clientId: string, network: string) {
  const name = /^[a-z0-9_]{1,64}$/.test(clientId) ? clientId : 'other'
  return { owner: network, rule: `oauth2-failures:${name}`, limit: 20, windowMs: 60_000 }
}

/** And by address alone, as each made-up client leaves a count in the store. Only failures are refused by it. */
function failuresOfAll(network: string) {
  return { owner: network, rule: 'oauth2-failures', limit: 300, windowMs: 60_000 }
}
