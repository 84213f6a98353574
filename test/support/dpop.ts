import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { createDpopVerifier, type DpopVerifier } from '../../policies/proof/dpop.ts'
import { createPublicKeys } from '../../policies/proof/keys.ts'
import { createNonces } from '../../policies/proof/nonces.ts'

/** DPoP proofs made by hand, so that a test can make a wrong one. */
export interface DpopKey {
  readonly jwk: Record<string, unknown>
  readonly jkt: string
  /** A proof for a request. `claims` and `header` replace what an honest client would say; undefined leaves it out. */
  proof(
    of: { method: string; url: string; accessToken?: string; nonce?: string; now?: number },
    wrong?: { claims?: object; header?: object },
  ): string
}

export function newDpopKey(pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })): DpopKey {
  const jwk = pair.publicKey.export({ format: 'jwk' }) as Record<string, string>
  const { crv, kty, x, y } = jwk
  const jkt = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
  return {
    jwk,
    jkt,
    proof({ method, url, accessToken, nonce, now = Date.now() }, { claims, header } = {}) {
      const ath = accessToken && createHash('sha256').update(accessToken).digest('base64url')
      const iat = Math.floor(now / 1000)
      return jwt(
        { typ: 'dpop+jwt', alg: 'ES256', jwk, ...header },
        { jti: randomUUID(), htm: method, htu: url, iat, ath, nonce, ...claims },
        pair.privateKey,
      )
    },
  }
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A JWT under ES256, whatever its header says. */
export function jwt(header: object, claims: object, key: KeyObject): string {
  const signed = `${part(header)}.${part(claims)}`
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

export const dpopVerifier = (now: () => number, secret = Buffer.alloc(32, 7)): DpopVerifier =>
  createDpopVerifier({ keys: createPublicKeys(), nonces: createNonces(secret), now })
