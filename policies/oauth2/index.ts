import type { AuthorizationServerDeps } from './deps.ts'
import { errorAnswer } from './errors.ts'
import { type Form, readForm } from './form.ts'
import { answerIntrospection } from './introspection-endpoint.ts'
import { jwksAnswer } from './jwks-endpoint.ts'
import { jsonAnswer, type OAuthAnswer, type OAuthRequest } from './message.ts'
import { metadataAnswer } from './metadata.ts'
import { answerRevocation } from './revocation-endpoint.ts'
import { answerTokenRequest } from './token-endpoint.ts'

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
  token(req: OAuthRequest): Promise<OAuthAnswer>
  revoke(req: OAuthRequest): Promise<OAuthAnswer>
  introspect(req: OAuthRequest): Promise<OAuthAnswer>
  metadata(): OAuthAnswer
  jwks(): Promise<OAuthAnswer>
}

export function createAuthorizationServer(deps: AuthorizationServerDeps): AuthorizationServer {
  const metadata = metadataAnswer(deps)
  return {
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

/** Who proves by DPoP gets the nonce of now with each answer (RFC 9449 §8.2), so that its next proof need not be refused. */
function withNonce(answer: OAuthAnswer, req: OAuthRequest, deps: AuthorizationServerDeps): OAuthAnswer {
  if (!deps.isDpopNonceRequired || req.headers.dpop === undefined) return answer
  return { ...answer, headers: { ...answer.headers, 'DPoP-Nonce': deps.dpop.nonce() } }
}
