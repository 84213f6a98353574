import type { AuthorizationRequest, Person } from './authorization-request.ts'
import { issueCode } from './codes.ts'
import type { AuthorizationServerDeps } from './deps.ts'
import { type OAuthAnswer, redirectAnswer } from './message.ts'

/** RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6, RFC 8707 §2, RFC 9101 §7, RFC 9396 §5. */
export type AuthorizationError =
  | 'invalid_request'
  | 'unauthorized_client'
  | 'access_denied'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'server_error'
  | 'temporarily_unavailable'
  | 'login_required'
  | 'consent_required'
  | 'interaction_required'
  | 'invalid_target'
  | 'invalid_request_object'
  | 'invalid_request_uri'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'invalid_authorization_details'

/** What of a request is needed to answer it. */
export type Answerable = Pick<AuthorizationRequest, 'clientId' | 'redirectUri' | 'state' | 'responseMode'>

/**
 * The person allows it: a code goes to the client. Of a pushed request this is the moment at which it is used (RFC 9126
 * §4), so that a page loaded ahead, or twice, does not burn it.
 *
 * @param granted.scopes what the person allows of `request.scopes`; anything else in it is left out
 * @throws Problem store-unavailable, not-ready (JARM without a signing key)
 */
export async function allowed(
  deps: AuthorizationServerDeps,
  request: AuthorizationRequest,
  person: Person,
  granted: { readonly scopes: readonly string[] },
): Promise<OAuthAnswer> {
  if (request.pushedId !== null && !(await deps.once.isFirst('used-request', request.pushedId, usedForMs)))
    return denied(deps, request, 'invalid_request_uri', 'The pushed request was used already')
  const scopes = request.scopes.filter((scope) => granted.scopes.includes(scope))
  const code = await issueCode(deps, request, person, scopes)
  return answered(deps, request, { code })
}

/** Longer than a pushed request and a person's decision together can last. */
const usedForMs = 15 * 60_000

/** The person says no, or the request cannot be served. @throws as `allowed` */
export async function denied(
  deps: AuthorizationServerDeps,
  request: Answerable,
  error: AuthorizationError,
  description: string,
): Promise<OAuthAnswer> {
  return answered(deps, request, { error, error_description: description })
}

const jarmLifetimeSeconds = 600

async function answered(
  deps: AuthorizationServerDeps,
  { clientId, redirectUri, state, responseMode }: Answerable,
  members: Readonly<Record<string, string>>,
): Promise<OAuthAnswer> {
  // `iss` tells the client who answers, so that one server's answer is not taken for another's (RFC 9207).
  const all = { ...members, ...(state !== null && { state }), iss: deps.issuer }
  if (responseMode === 'query') return redirectAnswer(withQuery(redirectUri, all))
  const exp = Math.floor(deps.now() / 1000) + jarmLifetimeSeconds
  const response = await deps.signJwt({ ...all, aud: clientId, exp }, { typ: 'JWT' })
  return redirectAnswer(withQuery(redirectUri, { response }))
}

/** By hand: the library drops what it adds when the address has a query already, and URL would rewrite the address. */
function withQuery(uri: string, members: Readonly<Record<string, string>>): string {
  const cut = uri.indexOf('?')
  const joint = cut < 0 ? '?' : uri.endsWith('?') || uri.endsWith('&') ? '' : '&'
  return `${uri}${joint}${new URLSearchParams(members)}`
}
