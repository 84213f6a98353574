import { type Problem, problem } from '../../registry/base/problem.ts'
import type { Deps, Identity } from '../policy.ts'
import { isThenable, type Method } from './method.ts'

/** An opaque access token in the Authorization header (RFC 6750 §2.1). Not in the body, not in the query (RFC 9700). */
export function bearerMethod(deps: Deps): Method {
  const challenge = `Bearer realm="${deps.realm}"`
  const malformed = {
    detail: 'Send the access token as: Authorization: Bearer <token>',
    headers: { 'WWW-Authenticate': `${challenge}, error="invalid_request"` },
  }
  const invalid = {
    detail: 'The access token is unknown, revoked or expired. Get a new one from the token endpoint.',
    headers: {
      'WWW-Authenticate': `${challenge}, error="invalid_token", error_description="The access token is unknown, revoked or expired"`,
    },
  }
  const refused = (): Problem => problem('token-invalid', invalid)
  const accept = (identity: Identity | undefined): Identity => {
    if (identity === undefined || identity.expiresAt <= deps.now()) throw refused()
    return identity
  }

  return {
    challenge,
    identify({ headers, ip }) {
      const value = headers.authorization as string | undefined
      if (value === undefined || !hasBearerScheme(value)) return undefined
      const token = value.slice(scheme.length).trim()
      if (token === '' || token.includes(' ')) throw problem('request-malformed', malformed)
      const found = deps.findIdentityByToken(token, ip)
      return isThenable(found) ? found.then(accept) : accept(found)
    },
  }
}

const scheme = 'bearer'

/** Schemes are compared without case (RFC 9110 §11.1). */
function hasBearerScheme(value: string): boolean {
  const after = value.charCodeAt(scheme.length)
  const ends = Number.isNaN(after) || after === 0x20 || after === 0x09
  return ends && value.slice(0, scheme.length).toLowerCase() === scheme
}
