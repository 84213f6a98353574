import { OAuthError } from 'oauth2-server'
import { answerAuthorization, nobodySignedIn, type People } from './authorization/authorization-endpoint.ts'
import { answerPushedRequest } from './authorization/pushed-request-endpoint.ts'
import type { AuthorizationServerDeps } from './deps.ts'
import { errorAnswer } from './errors.ts'
import { type Form, readForm } from './form.ts'
import { answerIntrospection } from './introspection-endpoint.ts'
import { jwksAnswer } from './jwks-endpoint.ts'
import { jsonAnswer, type OAuthAnswer, type OAuthRequest } from './message.ts'
import { metadataAnswer } from './metadata.ts'
import { answerRevocation } from './revocation-endpoint.ts'
import { answerTokenRequest } from './token-endpoint.ts'

export type { People } from './authorization/authorization-endpoint.ts'
export type { AuthorizationServerDeps, OAuthClient } from './deps.ts'
export { maxFormBytes } from './form.ts'
export type { OAuthAnswer, OAuthRequest } from './message.ts'
export {
  accessTokenClaims,
  accessTokenType,
  audienceOf,
  type ResourceFormat,
  type Resources,
} from './token-format.ts'

/** The endpoints of the authorization server, free of any HTTP framework. None of them ever rejects. */
export interface AuthorizationServer {
  /** RFC 6749 §3.1, for browsers. */
  authorize(req: OAuthRequest): Promise<OAuthAnswer>
  /** RFC 9126. */
  push(req: OAuthRequest): Promise<OAuthAnswer>
  token(req: OAuthRequest): Promise<OAuthAnswer>
  revoke(req: OAuthRequest): Promise<OAuthAnswer>
  introspect(req: OAuthRequest): Promise<OAuthAnswer>
  metadata(): OAuthAnswer
  jwks(): Promise<OAuthAnswer>
}

export function createAuthorizationServer(
  deps: AuthorizationServerDeps,
  people: People = nobodySignedIn(deps),
): AuthorizationServer {
  const metadata = metadataAnswer({ ...deps, canSignIn: people.canSignIn })
  return {
    authorize: (req) => forBrowser(req, deps, people),
    push: endpoint(answerPushedRequest, deps),
    token: endpoint(answerTokenRequest, deps),
    revoke: endpoint(answerRevocation, deps),
    introspect: endpoint(answerIntrospection, deps),
    metadata: () => metadata,
    jwks: () => jwksAnswer(deps),
  }
}

type Endpoint = (req: OAuthRequest, form: Form, deps: AuthorizationServerDeps) => Promise<OAuthAnswer>

function endpoint(answer: Endpoint, deps: AuthorizationServerDeps) {
  return async (req: OAuthRequest): Promise<OAuthAnswer> => {
    if (req.method !== 'POST')
      return jsonAnswer(405, { error: 'invalid_request', error_description: 'Use POST' }, { Allow: 'POST' })
    try {
      return withNonce(await answer(req, readForm(req), deps), req, deps)
    } catch (error) {
      return errorAnswer(error, deps.issuer, deps.report)
    }
  }
}

async function forBrowser(
  req: OAuthRequest,
  deps: AuthorizationServerDeps,
  people: People,
): Promise<OAuthAnswer> {
  if (req.method !== 'GET' && req.method !== 'POST')
    return jsonAnswer(
      405,
      { error: 'invalid_request', error_description: 'Use GET or POST' },
      { Allow: 'GET, POST' },
    )
  try {
    return await answerAuthorization(req, deps, people)
  } catch (error) {
    const isRefusal = error instanceof OAuthError && error.code === 400
    const isRead = String(req.headers.accept ?? '').includes('text/html')
    if (isRefusal && isRead && people.refusal) return people.refusal(req, error)
    return errorAnswer(error, deps.issuer, deps.report)
  }
}

/** Who proves by DPoP gets the nonce of now with each answer (RFC 9449 §8.2), so that its next proof need not be refused. */
function withNonce(answer: OAuthAnswer, req: OAuthRequest, deps: AuthorizationServerDeps): OAuthAnswer {
  if (!deps.isDpopNonceRequired || req.headers.dpop === undefined) return answer
  return { ...answer, headers: { ...answer.headers, 'DPoP-Nonce': deps.dpop.nonce() } }
}
