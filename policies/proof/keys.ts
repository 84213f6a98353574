import { createHash, type KeyObject } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { algorithmsOf, type Jwk, publicKeyOf, type SignatureAlgorithm } from '../../registry/oauth-keys.ts'

export interface PublicKey {
  readonly key: KeyObject
  /** SHA-256 of its members, base64url (RFC 7638): the `jkt` of RFC 9449. */
  readonly thumbprint: string
  /** Those that it verifies. */
  readonly algorithms: readonly SignatureAlgorithm[]
}

/** Reads public keys; those that came before are kept, as making one ready costs as much as a verification. */
export interface PublicKeys {
  /** @returns undefined for what is no public key that we take: see `publicKeyOf` */
  read(jwk: unknown): PublicKey | undefined
}

export function createPublicKeys(max = 10_000): PublicKeys {
  const known = new LRUCache<string, KeyObject>({ max })
  return {
    read(jwk) {
      if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return undefined
      const algorithms = algorithmsOf(jwk as Jwk)
      if (algorithms.length === 0) return undefined
      const thumbprint = thumbprintOf(jwk as Jwk)
      try {
        let key = known.get(thumbprint)
        // What is kept was good without the members that are no part of the thumbprint, and of them some are forbidden.
        if (key === undefined || hasMore(jwk as Jwk)) {
          key = publicKeyOf(jwk as Jwk)
          known.set(thumbprint, key)
        }
        return { key, thumbprint, algorithms }
      } catch {
        return undefined
      }
    },
  }
}

/** The required members of each type, in the order of their names (RFC 7638 §3.2; RFC 8037 §2 for OKP). */
const membersOf: Readonly<Record<string, readonly string[]>> = {
  RSA: ['e', 'kty', 'n'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
}

const harmless = new Set(['e', 'kty', 'n', 'crv', 'x', 'y', 'kid', 'alg', 'use'])
const hasMore = (jwk: Jwk) => Object.keys(jwk).some((name) => !harmless.has(name))

function thumbprintOf(jwk: Jwk): string {
  const members = membersOf[jwk.kty as string]!
  const text = JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]])))
  return createHash('sha256').update(text).digest('base64url')
}
