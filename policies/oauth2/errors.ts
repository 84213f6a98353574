import { OAuthError } from 'oauth2-server'
import { asProblem, Problem } from '../../registry/base/problem.ts'
import { jsonAnswer, type OAuthAnswer } from './message.ts'

/**
 * A failure as RFC 6749 §5.2 wants it. What is not an OAuth error is a fault of ours: the caller learns that it was,
 * and nothing else.
 * @param report hears of such faults
 */
export function errorAnswer(thrown: unknown, realm: string, report: (error: unknown) => void): OAuthAnswer {
  const error = unwrapped(thrown)
  if (!(error instanceof OAuthError) || error.name === 'server_error') {
    report(error)
    return ownFault(error)
  }
  const body = { error: error.name, error_description: printable(error.message) }
  // 401 needs a challenge (RFC 9110 §15.5.2), also when the secret came in the body.
  if (error.name === 'invalid_client')
    return jsonAnswer(401, body, { 'WWW-Authenticate': `Basic realm="${realm}", charset="UTF-8"` })
  const { retryAfterSeconds, dpopNonce } = error as Annotated
  if (retryAfterSeconds !== undefined)
    return jsonAnswer(429, body, { 'Retry-After': String(retryAfterSeconds) })
  return jsonAnswer(400, body, dpopNonce === undefined ? {} : { 'DPoP-Nonce': dpopNonce })
}

function ownFault(error: unknown): OAuthAnswer {
  if (!passesByItself(error))
    return jsonAnswer(500, { error: 'server_error', error_description: 'Something went wrong on our side' })
  const body = { error: 'temporarily_unavailable', error_description: 'Try again in a moment' }
  return jsonAnswer(503, body, { 'Retry-After': '1' })
}

/** Whether a second try may find all well: the store is away, or a platform that begins has no signing key yet. */
export const passesByItself = (error: unknown): boolean =>
  ['store-unavailable', 'not-ready'].includes(asProblem(error).code)

/** Of an extension, whose errors the library does not know. */
export const oauthError = (name: string, description: string) =>
  new OAuthError(description, { code: 400, name })
export const invalidTarget = (description: string) => oauthError('invalid_target', description)
export const invalidAuthorizationDetails = (description: string) =>
  oauthError('invalid_authorization_details', description)

/** What else is said in headers: see `slowDown`, and sender-constraint.ts. */
type Annotated = OAuthError & { readonly retryAfterSeconds?: number; readonly dpopNonce?: string }

/** Too many of something; the name is that of RFC 8628, the only one there is for it. */
export function slowDown(what: string, retryAfterMs: number): OAuthError {
  return new OAuthError(`${what}; wait as long as Retry-After says`, {
    code: 429,
    name: 'slow_down',
    retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)),
  })
}

/** The library wraps what a model throws into a server_error; its message would then go out. */
function unwrapped(thrown: unknown): unknown {
  const inner = (thrown as { inner?: unknown } | undefined)?.inner
  return inner instanceof Problem || inner instanceof OAuthError ? inner : thrown
}

/** RFC 6749 §5.2: the characters that a description may hold. */
export const printable = (text: string) => text.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "'")
