import type { AuthorizationServerDeps, OAuthClient } from './deps.ts'
import { jsonAnswer, type OAuthAnswer, type OAuthRequest } from './message.ts'

const signedType = 'token-introspection+jwt'
const mediaType = `application/${signedType}`

/**
 * What an introspection found, in the form that the caller wants or its profile demands: JSON (RFC 7662 §2.2), or a JWT
 * for this caller alone (RFC 9701 §5), which it can show to others later.
 */
export async function introspectionAnswer(
  req: OAuthRequest,
  client: OAuthClient,
  members: Readonly<Record<string, unknown>>,
  deps: AuthorizationServerDeps,
): Promise<OAuthAnswer> {
  const isSigned = client.settings.profile === 'fapi2-message-signing' || asksForSigned(req.headers.accept)
  if (!isSigned) return jsonAnswer(200, members)
  // Nothing beside these: a JWT with sub and exp could be taken for an access token (RFC 9701 §8.1).
  const claims = {
    iss: deps.issuer,
    aud: client.id,
    iat: Math.floor(deps.now() / 1000),
    token_introspection: members,
  }
  const jwt = await deps.signJwt(claims, { typ: signedType })
  return { ...jsonAnswer(200, {}, { 'Content-Type': mediaType }), body: jwt }
}

/** Whether it is named in Accept, and no form of JSON is liked better (RFC 9110 §12.5.1). */
function asksForSigned(accept: string | string[] | undefined): boolean {
  let signed = 0
  let plain = 0
  for (const item of String(accept ?? '').split(',')) {
    const [type = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase())
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    const weight = q === undefined ? 1 : Number(q.slice(2)) || 0
    if (type === mediaType) signed = Math.max(signed, weight)
    if (type === 'application/json') plain = Math.max(plain, weight)
  }
  return signed > 0 && signed >= plain
}
