import { importJWK, type JWK, type JWTPayload, jwtVerify } from 'jose'
import type { UnverifiedJwt } from '../../registry/base/jwt-form.ts'
import type { SealedIssuer } from '../../registry/issuer-model.ts'
import { type FetchJwks, type Jwk, privateMembers } from '../../registry/oauth-keys.ts'

/** Where a token does not name its key, so many of the issuer's are tried. */
const mostTries = 4

/**
 * Checks JWTs of an issuer with its keys: type and algorithm before anything is fetched, then signature, `iss`, `aud`,
 * `exp` and `nbf` (RFC 9068 §4, RFC 8725).
 *
 * @returns the claims; undefined for whatever is not to be taken. Rejects with an Error when the keys cannot be had
 */
export type VerifyToken = (
  issuer: SealedIssuer,
  token: string,
  jwt: UnverifiedJwt,
) => Promise<JWTPayload | undefined>

export function createVerifier(fetchJwks: FetchJwks, now: () => number): VerifyToken {
  // The fetcher gives the same objects as long as its cache does.
  const imported = new WeakMap<Jwk, Map<string, Promise<CryptoKey | undefined>>>()

  function keyOf(jwk: Jwk, alg: string): Promise<CryptoKey | undefined> {
    const ofJwk = imported.get(jwk) ?? new Map<string, Promise<CryptoKey | undefined>>()
    imported.set(jwk, ofJwk)
    const key =
      ofJwk.get(alg) ??
      importJWK(jwk as JWK, alg).then(
        (made) => (made instanceof Uint8Array ? undefined : made),
        () => undefined,
      )
    ofJwk.set(alg, key)
    return key
  }

  return async (issuer, token, { header }) => {
    const { verification } = issuer
    if (verification.by !== 'keys') return undefined
    const { alg, kid, typ } = header
    if (typeof alg !== 'string' || !(verification.algorithms as readonly string[]).includes(alg))
      return undefined
    if (!isTaken(typ, verification.tokenType)) return undefined
    if (kid !== undefined && typeof kid !== 'string') return undefined
    const keys = await fetchJwks(verification.jwksUri, kid)
    const fitting = keys.filter((jwk) => fits(jwk, alg, kid)).slice(0, mostTries)
    for (const jwk of fitting) {
      const key = await keyOf(jwk, alg)
      if (!key) continue
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [alg],
          issuer: issuer.issuer,
          audience: issuer.audiences,
          clockTolerance: issuer.clockToleranceSeconds,
          requiredClaims: ['exp'],
          currentDate: new Date(now()),
        })
        return payload
      } catch {
        // Another key may be the one; if none is, the token is refused.
      }
    }
    return undefined
  }
}

/** RFC 9068 §4: an `application/` before it means the same. Other types are for other purposes (RFC 8725 §3.11). */
function isTaken(typ: unknown, wanted: 'at+jwt' | 'any'): boolean {
  if (typ === undefined) return wanted === 'any'
  if (typeof typ !== 'string') return false
  const name = typ.toLowerCase().replace(/^application\//, '')
  return name === 'at+jwt' || (wanted === 'any' && name === 'jwt')
}

function fits(jwk: Jwk, alg: string, kid: string | undefined): boolean {
  if (kid !== undefined && jwk.kid !== kid) return false
  if (jwk.use !== undefined && jwk.use !== 'sig') return false
  if (jwk.alg !== undefined && jwk.alg !== alg) return false
  return !privateMembers.some((member) => member in jwk)
}
