import { InvalidRequestError } from 'oauth2-server'
import type { Jwk } from '../../../registry/oauth-keys.ts'
import { isSignedBy, type Jws, readJws } from '../../proof/jws.ts'
import { keysFor, keysOf } from '../client-authentication/client-keys.ts'
import type { AuthorizationServerDeps, OAuthClient } from '../deps.ts'
import { oauthError } from '../errors.ts'
import type { Form } from '../form.ts'

const refused = (description: string) => oauthError('invalid_request_object', description)

/** FAPI 2.0 §5.3.2.1: clocks may differ by so much. */
const skewSeconds = 10
const messageSigningSeconds = 3600

/**
 * The parameters inside a signed request object (RFC 9101): from here on they are the request, and what stood beside
 * them is not looked at (§6.3).
 *
 * @throws OAuthError invalid_request_object
 */
export async function readRequestObject(
  text: string,
  client: OAuthClient,
  deps: AuthorizationServerDeps,
): Promise<Form> {
  const jws = readJws(text)
  if (!jws) throw refused('The request object is no signed JWT')
  if (!types.includes(jws.header.typ)) throw refused('The request object is a JWT of another type')
  const keys = await keysOf(client, typeof jws.header.kid === 'string' ? jws.header.kid : undefined, deps)
  if (!keysFor(keys, jws.header).some((jwk) => isBy(jwk, jws, deps)))
    throw refused('The request object is not signed with a key of this client')
  checkClaims(jws.claims, client, deps)
  return parametersOf(jws.claims)
}

/** §10.8 wants the first; older clients send the others. */
const types: readonly unknown[] = ['oauth-authz-req+jwt', 'application/oauth-authz-req+jwt', 'JWT', undefined]

function isBy(jwk: Jwk, jws: Jws, { publicKeys }: AuthorizationServerDeps): boolean {
  const known = publicKeys.read(jwk)
  const algorithm = known?.algorithms.find((one) => one === jws.header.alg)
  return known !== undefined && algorithm !== undefined && isSignedBy(jws, known.key, algorithm)
}

type Claims = Readonly<Record<string, unknown>>

function checkClaims(claims: Claims, client: OAuthClient, { issuer, now }: AuthorizationServerDeps): void {
  const { iss, aud, sub, exp, nbf, iat } = claims
  const seconds = Math.floor(now() / 1000)
  if (iss !== client.id || claims.client_id !== client.id)
    throw refused('iss and client_id of the request object must be the client')
  if (aud !== issuer && !(Array.isArray(aud) && aud.includes(issuer)))
    throw refused('aud of the request object must be this server')
  // §10.8: an assertion by which a client proves itself looks the same but for this.
  if (sub !== undefined) throw refused('A request object has no sub')
  if (typeof exp !== 'number' || exp <= seconds - skewSeconds) throw refused('The request object has expired')
  for (const time of [nbf, iat])
    if (time !== undefined && (typeof time !== 'number' || time > seconds + skewSeconds))
      throw refused('The request object is from the future')
  if (client.settings.profile !== 'fapi2-message-signing') return
  // FAPI 2.0 Message Signing §5.3.1
  if (typeof nbf !== 'number' || nbf < seconds - messageSigningSeconds)
    throw refused('nbf of the request object must be there, and not older than 60 minutes')
  if (exp > nbf + messageSigningSeconds)
    throw refused('The request object may be good for 60 minutes after nbf at most')
}

/** As they would stand in a form; what the standard gives as JSON stays JSON. */
function parametersOf(claims: Claims): Form {
  const parameters = new Map<string, string>()
  for (const [name, value] of Object.entries(claims)) {
    if (name === 'request' || name === 'request_uri')
      throw new InvalidRequestError('A request object holds no further one') // §4
    const text = textOf(name, value)
    if (text !== undefined && text !== '') parameters.set(name, text)
  }
  return parameters
}

function textOf(name: string, value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  if (name === 'authorization_details') return JSON.stringify(value)
  if (name === 'resource' && Array.isArray(value)) return value.join(' ')
  return undefined
}
