import { type Problem, type ProblemCode, problem } from '../../registry/base/problem.ts'
import type { Deps, Exchange, Identity } from '../policy.ts'
import { challengesFor, type TokenError } from './challenges.ts'
import { isThenable, type Method } from './method.ts'
import { type PossessionConfig, possessionCheck } from './possession.ts'
import { type Presented, presentedIn, type TokenScheme } from './scheme.ts'

/**
 * An access token in the Authorization header, under Bearer (RFC 6750 §2.1) or, when it is bound to a key, under DPoP (RFC
 * 9449 §7.1). Not in the body, not in the query (RFC 9700).
 */
export function bearerMethod(config: PossessionConfig, deps: Deps): Method {
  const refused = (code: ProblemCode, x: Exchange, error: TokenError, detail: string): Problem => {
    const headers = { 'WWW-Authenticate': challengesFor(x, deps.realm, error) }
    return problem(code, { detail, headers })
  }
  const refuse = (x: Exchange, error: TokenError): never => {
    throw refused('token-invalid', x, error, `${error.description}.`)
  }
  const provenBy = possessionCheck(config, deps, refuse)

  function accept(x: Exchange, identity: Identity | undefined, presented: Presented) {
    if (identity === undefined || identity.expiresAt <= deps.now()) throw unknown(x, presented.scheme)
    return provenBy(x, identity, presented)
  }
  const unknown = (x: Exchange, scheme: TokenScheme) =>
    refused(
      'token-invalid',
      x,
      { scheme, error: 'invalid_token', description: 'The access token is unknown, revoked or expired' },
      'The access token is unknown, revoked or expired. Get a new one from the token endpoint.',
    )
  const malformed = (x: Exchange, scheme: TokenScheme) =>
    refused(
      'request-malformed',
      x,
      { scheme, error: 'invalid_request', description: 'The Authorization header holds no access token' },
      `Send the access token as: Authorization: ${scheme} <token>`,
    )

  return {
    challenge: (x) => challengesFor(x, deps.realm),
    identify(x) {
      const { headers, ip } = x.request
      const value = headers.authorization as string | undefined
      const presented = value === undefined ? undefined : presentedIn(value)
      if (presented === undefined) return undefined
      const { scheme, token } = presented
      if (token === '' || token.includes(' ')) throw malformed(x, scheme)
      const found = deps.findIdentityByToken(token, ip)
      return isThenable(found)
        ? found.then((identity) => accept(x, identity, presented))
        : accept(x, found, presented)
    },
  }
}
