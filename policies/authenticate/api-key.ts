import { type Problem, problem } from '../../registry/base/problem.ts'
import type { Deps, Identity } from '../policy.ts'
import { isThenable, type Method } from './method.ts'

/** An API key in a header. Never in the query: addresses end up in logs, histories and Referer headers. */
export function apiKeyMethod(header: string, deps: Deps): Method {
  // There is no registered scheme for API keys; the parameter says where the key belongs.
  const challenge = `ApiKey realm="${deps.realm}", header="${header}"`
  const options = {
    detail: `The API key in ${header} is not valid: it is unknown, revoked or expired, or was not copied whole.`,
    headers: { 'WWW-Authenticate': challenge },
  }
  const refused = (): Problem => problem('credential-invalid', options)
  const accept = (identity: Identity | undefined): Identity => {
    if (identity === undefined || identity.expiresAt <= deps.now()) throw refused()
    return identity
  }

  return {
    challenge: () => challenge,
    identify({ request: { headers, ip } }) {
      const key = headers[header]
      if (key === undefined || key === '') return undefined
      if (typeof key !== 'string') throw refused()
      const found = deps.findIdentityByKey(key, ip)
      return isThenable(found) ? found.then(accept) : accept(found)
    },
  }
}
