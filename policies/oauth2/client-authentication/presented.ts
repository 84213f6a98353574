import { InvalidClientError, InvalidRequestError } from 'oauth2-server'
import { type Jws, readJws } from '../../proof/jws.ts'
import { type Form, formDecoded } from '../form.ts'
import type { OAuthRequest } from '../message.ts'

/** What a request offers as the proof of its client; one thing, and nothing of it believed yet. */
export type Presented =
  | { readonly by: 'secret'; readonly clientId: string; readonly tries: readonly Secret[] }
  | { readonly by: 'assertion'; readonly clientId: string; readonly assertion: Jws }
  /** Its name alone: what proves it is its certificate, or nothing. */
  | { readonly by: 'connection'; readonly clientId: string }

export interface Secret {
  readonly clientId: string
  readonly secret: string
}

const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** @throws InvalidRequestError for two ways at once (RFC 6749 §2.3); InvalidClientError for none */
export function presentedBy(req: OAuthRequest, form: Form): Presented {
  const clientId = form.get('client_id')
  const secret = form.get('client_secret')
  const hasAssertion = form.has('client_assertion') || form.has('client_assertion_type')
  const hasHeader = req.headers.authorization !== undefined
  if ([hasHeader, secret !== undefined, hasAssertion].filter(Boolean).length > 1)
    throw new InvalidRequestError(
      'Authenticate in one way: by the Authorization header, a secret or an assertion',
    )
  if (hasHeader) return byHeader(req.headers.authorization, clientId)
  if (hasAssertion) return byAssertion(form, clientId)
  if (clientId === undefined)
    throw new InvalidClientError(
      'Send the client id, and its proof by Basic, in the body or by a certificate',
    )
  if (secret !== undefined) return { by: 'secret', clientId, tries: [{ clientId, secret }] }
  return { by: 'connection', clientId }
}

function byHeader(authorization: string | string[] | undefined, clientId: string | undefined): Presented {
  const tries = typeof authorization === 'string' ? fromBasic(authorization) : []
  if (tries.length === 0) throw new InvalidClientError('The Authorization header is not Basic')
  if (clientId !== undefined && !tries.some((one) => one.clientId === clientId))
    throw new InvalidRequestError('client_id is another one than in the Authorization header')
  return { by: 'secret', clientId: tries[0]!.clientId, tries }
}

/** RFC 7521 §4.2, RFC 7523 §2.2: the assertion names the client; a client_id beside it must name the same. */
function byAssertion(form: Form, clientId: string | undefined): Presented {
  const text = form.get('client_assertion')
  if (text === undefined || form.get('client_assertion_type') !== jwtBearer)
    throw new InvalidRequestError(`Send client_assertion, and client_assertion_type ${jwtBearer}`)
  const assertion = readJws(text)
  const { sub } = assertion?.claims ?? {}
  if (!assertion || typeof sub !== 'string')
    throw new InvalidClientError('The assertion is not a signed JWT of a client')
  if (clientId !== undefined && clientId !== sub)
    throw new InvalidRequestError('client_id is another one than in the assertion')
  return { by: 'assertion', clientId: sub, assertion }
}

/**
 * Id and secret are form-encoded before they are joined (RFC 6749 §2.3.1). Many older clients leave that out, so what
 * was sent is tried as it is, too, where that makes a difference.
 */
function fromBasic(authorization: string): Secret[] {
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
