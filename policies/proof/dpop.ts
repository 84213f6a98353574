import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { SignatureAlgorithm } from '../../registry/oauth-keys.ts'
import { isSignedBy, type Jws, readJws } from './jws.ts'
import type { PublicKey, PublicKeys } from './keys.ts'
import type { Nonces } from './nonces.ts'
import { isSameAddress } from './url.ts'

/** What a DPoP proof (RFC 9449 §4) must be of. */
export interface Expected {
  readonly method: string
  /** Origin as callers see it, by our own settings, and path as received; no query. */
  readonly url: string
  /** That the proof comes with; undefined at the authorization server, where there is none yet. */
  readonly accessToken?: string
  /** Thumbprint of the only key that may have made it. */
  readonly jkt?: string
  readonly isNonceRequired: boolean
}

export interface Proof {
  /** Thumbprint of the key that made it. */
  readonly jkt: string
  /** Names it among all proofs: what comes a second time is a replay. No secret, but not for a log either. */
  readonly id: string
  /** So long its id must be known, ms since the epoch: no gateway takes the proof after that. */
  readonly knownUntil: number
}

/** Why a proof is not taken, as RFC 9449 §5 and §7.1 name it. */
export interface ProofFault {
  readonly error: 'invalid_dpop_proof' | 'use_dpop_nonce'
  readonly description: string
}

export interface DpopVerifier {
  /**
   * Everything but whether it came before: that is for who can ask a store.
   * @param rawHeaders names and values in turn, as they came
   */
  verify(rawHeaders: readonly string[], expected: Expected): Proof | ProofFault
  /** For the header `DPoP-Nonce`. */
  nonce(): string
}

export interface DpopParts {
  readonly keys: PublicKeys
  readonly nonces: Nonces
  /** ms since the epoch */
  readonly now: () => number
}

/** A proof is made for one request: so old it may be, and so far ahead the caller's clock. */
const maxAgeMs = 60_000
const maxAheadMs = 30_000
/** Clocks of gateways differ by no more than this. */
const clockMs = 10_000
/** A client sends the same header with all its proofs; so many are known again. */
const maxHeaders = 10_000

export function createDpopVerifier({ keys, nonces, now }: DpopParts): DpopVerifier {
  /** By the encoded header, once a signature under it was good. */
  const signers = new LRUCache<string, Signer>({ max: maxHeaders })

  function verify(rawHeaders: readonly string[], expected: Expected): Proof | ProofFault {
    const text = onlyProofIn(rawHeaders)
    if (text === undefined) return fault('Send exactly one header DPoP')
    const jws = readJws(text)
    if (!jws) return fault('The proof is not a signed JWT')
    const header = text.slice(0, text.indexOf('.'))
    const known = signers.get(header)
    const signer = known ?? signerOf(jws, keys)
    if ('error' in signer) return signer
    const { thumbprint: jkt } = signer.publicKey
    // Before the signature, which is what costs: who has no token does not make us work.
    if (expected.jkt !== undefined && expected.jkt !== jkt) return fault('The proof is by another key')
    if (!isSignedBy(jws, signer.publicKey.key, signer.algorithm)) return fault('The signature is wrong')
    if (known === undefined) signers.set(header, signer)
    return proofOf(jws, jkt, expected)
  }

  function proofOf({ claims }: Jws, jkt: string, expected: Expected): Proof | ProofFault {
    const { jti, iat, nonce } = claims
    if (claims.htm !== expected.method) return fault('htm is not the method of the request')
    if (!isSameAddress(claims.htu, expected.url)) return fault('htu is not the address of the request')
    const at = now()
    if (typeof iat !== 'number' || !Number.isFinite(iat)) return fault('iat is missing')
    const issuedAt = iat * 1000
    if (issuedAt < at - maxAgeMs) return fault('The proof is too old')
    if (issuedAt > at + maxAheadMs) return fault('iat lies in the future')
    if (isOver(claims, at)) return fault('The proof has expired, or is not good yet')
    if (typeof jti !== 'string' || jti === '') return fault('jti is missing')
    if (expected.accessToken !== undefined && claims.ath !== hashOf(expected.accessToken))
      return fault('ath is not the hash of the access token')
    if (nonce === undefined ? expected.isNonceRequired : !isFreshNonce(nonce, at))
      return { error: 'use_dpop_nonce', description: 'Use the nonce of the header DPoP-Nonce' }
    return { jkt, id: `${jkt} ${jti}`, knownUntil: issuedAt + maxAgeMs + clockMs }
  }

  const isFreshNonce = (nonce: unknown, at: number) => typeof nonce === 'string' && nonces.isFresh(nonce, at)

  return { verify, nonce: () => nonces.current(now()) }
}

interface Signer {
  readonly publicKey: PublicKey
  readonly algorithm: SignatureAlgorithm
}

const fault = (description: string): ProofFault => ({ error: 'invalid_dpop_proof', description })

/** Counted as they came: node joins two into one, and another program may read the other one. */
function onlyProofIn(rawHeaders: readonly string[]): string | undefined {
  let found: string | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length !== 4 || rawHeaders[i]!.toLowerCase() !== 'dpop') continue
    if (found !== undefined) return undefined
    found = rawHeaders[i + 1]!
  }
  return found
}

function signerOf({ header }: Jws, keys: PublicKeys): Signer | ProofFault {
  if (header.typ !== 'dpop+jwt') return fault('typ must be dpop+jwt')
  const publicKey = keys.read(header.jwk)
  if (!publicKey)
    return fault('jwk must be a public key: EC P-256, OKP Ed25519, or RSA of 2048 bits and more')
  const algorithm = publicKey.algorithms.find((one) => one === header.alg)
  if (!algorithm) return fault('alg must be ES256, PS256 or EdDSA, and fit the key')
  return { publicKey, algorithm }
}

/** RFC 7519 §4.1.4 and §4.1.5: not asked for in a proof; where they are there, they hold. */
function isOver({ exp, nbf }: Jws['claims'], at: number): boolean {
  const isEnded = exp !== undefined && !(typeof exp === 'number' && exp * 1000 > at)
  const isEarly = nbf !== undefined && !(typeof nbf === 'number' && nbf * 1000 <= at + maxAheadMs)
  return isEnded || isEarly
}

/** `ath` (RFC 9449 §4.2). */
const hashOf = (accessToken: string) => createHash('sha256').update(accessToken).digest('base64url')
