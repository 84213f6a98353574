import { isFapi } from '../../../registry/oauth-profiles.ts'
import { isSignedBy, type Jws } from '../../proof/jws.ts'
import type { AuthorizationServerDeps, OAuthClient } from '../deps.ts'
import type { OAuthRequest } from '../message.ts'
import { keysFor, keysOf } from './client-keys.ts'

/** An assertion is made for one request. ms */
const maxLifetimeMs = 300_000
/** FAPI 2.0 §5.3.2.1: up to 10 s ahead of us must be taken, more than 60 s must not. ms */
const maxAheadMs = 30_000
/** Clocks of gateways differ by no more than this. ms */
const clockMs = 10_000

/**
 * private_key_jwt (RFC 7523 §3): a JWT that the client signed with a key of its own, for us, for now, and for once.
 *
 * @returns what is wrong with it, for our log: the caller is told of no difference; undefined: nothing
 * @throws Problem store-unavailable
 */
export async function faultOfAssertion(
  assertion: Jws,
  client: OAuthClient,
  req: OAuthRequest,
  deps: AuthorizationServerDeps,
): Promise<string | undefined> {
  if (client.settings.authentication !== 'private_key_jwt') return 'the client proves itself in another way'
  const { iss, sub, jti } = assertion.claims
  if (!isClientType(assertion.header.typ)) return 'typ is that of another kind of JWT'
  if (iss !== client.id || sub !== client.id) return 'iss or sub is not the client'
  if (!isForUs(assertion.claims.aud, client, req, deps)) return 'aud is not this server'
  const until = goodUntil(assertion, deps.now())
  if (until === undefined) return 'exp, iat or nbf: it is not good now, or for too long'
  if (typeof jti !== 'string' || jti === '' || jti.length > 512) return 'jti is missing, or no short text'
  if (!(await isSigned(assertion, client, deps))) return 'it is not signed with a key of the client'
  // Last: who has not the key must not use up a name for who has.
  const isNew = await deps.once.isFirst('assertion', `${client.id} ${jti}`, until + clockMs - deps.now())
  return isNew ? undefined : 'it was used before'
}

/** A JWT of another kind is not taken for an assertion (RFC 8725 §3.11). */
const isClientType = (typ: unknown) =>
  typ === undefined ||
  (typeof typ === 'string' && ['jwt', 'client-authentication+jwt'].includes(typ.toLowerCase()))

/**
 * FAPI 2.0 takes the issuer alone, and not in a list: an assertion that is for somebody else, too, could be theirs to
 * use. Elsewhere the address of the endpoint does as well (RFC 7523 §3, RFC 9126 §2), each in a list too, but of ours only.
 */
function isForUs(
  aud: unknown,
  { settings }: OAuthClient,
  { path }: OAuthRequest,
  { issuer }: AuthorizationServerDeps,
) {
  if (isFapi(settings.profile)) return aud === issuer
  const ours = [issuer, `${issuer}/oauth2/token`, issuer + path]
  const all = Array.isArray(aud) ? aud : [aud]
  return all.length > 0 && all.every((one) => ours.includes(one))
}

/** @returns until when, ms since the epoch; undefined when it is not good now, or for too long */
function goodUntil({ claims: { exp, iat, nbf } }: Jws, now: number): number | undefined {
  if (!isTime(exp) || exp * 1000 <= now) return undefined
  for (const start of [iat, nbf])
    if (start !== undefined && (!isTime(start) || start * 1000 > now + maxAheadMs)) return undefined
  const from = isTime(iat) ? Math.min(iat * 1000, now + maxAheadMs) : now
  return exp * 1000 - from <= maxLifetimeMs ? exp * 1000 : undefined
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

async function isSigned(
  assertion: Jws,
  client: OAuthClient,
  deps: AuthorizationServerDeps,
): Promise<boolean> {
  const { kid, alg } = assertion.header
  if (kid !== undefined && typeof kid !== 'string') return false
  for (const jwk of keysFor(await keysOf(client, kid, deps), assertion.header)) {
    const known = deps.publicKeys.read(jwk)
    const algorithm = known?.algorithms.find((one) => one === alg)
    if (known && algorithm && isSignedBy(assertion, known.key, algorithm)) return true
  }
  return false
}
