import { createPublicKey, type KeyObject, type webcrypto } from 'node:crypto'

/** Public keys of OAuth clients: which signatures they may make, and whether they are strong enough. */

/**
 * With what clients may sign (FAPI 2.0 Security Profile §5.4.1; RFC 8725 §3.1): never `none`, nothing symmetric, no
 * RSA PKCS #1 v1.5. `EdDSA` and `Ed25519` (RFC 9864) are two names of one thing.
 */
export const signatureAlgorithms = ['PS256', 'ES256', 'EdDSA', 'Ed25519'] as const
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number]

/** A key as somebody sent or registered it (RFC 7517); nothing in it is believed. */
export type Jwk = Readonly<Record<string, unknown>>

/** Members that only a private or a symmetric key has (RFC 7518 §6). */
export const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

const byType: Readonly<Record<string, readonly SignatureAlgorithm[]>> = {
  RSA: ['PS256'],
  'EC P-256': ['ES256'],
  'OKP Ed25519': ['EdDSA', 'Ed25519'],
}

/** @returns those that the key can verify, narrowed by its `alg`; none for a key that is for something else */
export function algorithmsOf(jwk: Jwk): readonly SignatureAlgorithm[] {
  if (jwk.use !== undefined && jwk.use !== 'sig') return []
  if (Array.isArray(jwk.key_ops) && !jwk.key_ops.includes('verify')) return []
  const all = byType[jwk.crv === undefined ? String(jwk.kty) : `${jwk.kty} ${jwk.crv}`] ?? []
  if (jwk.alg === undefined) return all
  return (all as readonly unknown[]).includes(jwk.alg) ? all : []
}

/** RSA: less can be broken, more costs us too much for each signature. */
const rsaBits = { least: 2048, most: 8192 }

/** A larger one is never needed, and makes each verification as dear as a signature. */
const greatestExponent = 0xffffffffn

/** @returns the key, to verify with. @throws Error saying what is wrong with it, in words for its owner */
export function publicKeyOf(jwk: Jwk): KeyObject {
  if (privateMembers.some((name) => name in jwk)) throw new Error('holds a private or symmetric key')
  if (algorithmsOf(jwk).length === 0)
    throw new Error(`is no key for ${signatureAlgorithms.join(', ')}: RSA, EC P-256 or OKP Ed25519`)
  const key = imported(jwk)
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {}
  if (modulusLength !== undefined && (modulusLength < rsaBits.least || modulusLength > rsaBits.most))
    throw new Error(`is an RSA key of ${modulusLength} bits: use ${rsaBits.least} to ${rsaBits.most}`)
  if (publicExponent !== undefined && (publicExponent < 3n || publicExponent > greatestExponent))
    throw new Error('is an RSA key with an unusual exponent: use 65537')
  return key
}

function imported({ kty, crv, x, y, n, e }: Jwk): KeyObject {
  const members = { kty, crv, x, y, n, e }
  const texts = Object.values(members).filter((value) => value !== undefined)
  // Buffer reads more than base64url; of two spellings of one key only one is taken.
  if (texts.some((value) => typeof value !== 'string' || !/^[A-Za-z0-9_-]{1,2048}$/.test(value)))
    throw new Error('has a member that is not base64url')
  try {
    return createPublicKey({ key: members as webcrypto.JsonWebKey, format: 'jwk' })
  } catch {
    throw new Error('is not a whole and valid public key')
  }
}

/**
 * The keys at an address that somebody else named (a client's `jwksUri`, an issuer's `jwks_uri`), from a cache that is
 * asked again after five minutes, or once when it lacks the kid; no more often than every half minute. While the
 * source is away its keys stay good for a day. Nothing is checked but the form: pass a key through `publicKeyOf`.
 *
 * @param uri https; only reached where partners may lead us (see `GATEWAY_OUTBOUND_NETWORKS`)
 * @param kid of the key that is wanted; undefined: whichever there are
 * @returns all keys of the set, whether or not the kid is among them
 * @throws Error when there are none to be had; for the log, not for the caller
 */
export type FetchJwks = (uri: string, kid: string | undefined) => Promise<readonly Jwk[]>
