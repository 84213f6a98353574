import { InvalidRequestError } from 'oauth2-server'
import type { OAuthRequest } from './message.ts'

export type Form = ReadonlyMap<string, string>

export const maxFormBytes = 16_384

/** May come several times (RFC 8707 §2); its values then stand in one, apart by a space, which no URI holds. */
const repeatable = new Set(['resource'])

/**
 * Reads the body as a form, strictly: what two parsers could read in two ways is refused.
 * @throws InvalidRequestError for another type, for a name that comes twice (RFC 6749 §3.2), for a wrong escape
 */
export function readForm(req: OAuthRequest): Form {
  if (!isFormType(req.headers['content-type']))
    throw new InvalidRequestError('Send the parameters as application/x-www-form-urlencoded')
  if (Buffer.byteLength(req.rawBody) > maxFormBytes) throw new InvalidRequestError('The body is too large')
  return readParameters(req.rawBody)
}

/**
 * The same of a text that is known to be form-encoded, e.g. a query.
 * @throws InvalidRequestError for a name that comes twice (RFC 6749 §3.1), for a wrong escape
 */
export function readParameters(text: string): Form {
  const seen = new Set<string>()
  const form = new Map<string, string>()
  for (const part of text.split('&')) {
    if (part === '') continue
    const cut = part.indexOf('=')
    const name = formDecoded(cut < 0 ? part : part.slice(0, cut))
    const value = formDecoded(cut < 0 ? '' : part.slice(cut + 1))
    if (name === undefined || value === undefined)
      throw new InvalidRequestError('The parameters are not form-encoded')
    if (seen.has(name) && !repeatable.has(name)) throw new InvalidRequestError('A parameter is given twice')
    seen.add(name)
    // RFC 6749 §3.2: a parameter without a value counts as left out.
    if (value === '') continue
    const before = form.get(name)
    form.set(name, before === undefined ? value : `${before} ${value}`)
  }
  return form
}

/** @returns undefined when an escape is not UTF-8 or not complete */
export function formDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

const formType = /^application\/x-www-form-urlencoded[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/i

const isFormType = (type: string | string[] | undefined) => typeof type === 'string' && formType.test(type)
