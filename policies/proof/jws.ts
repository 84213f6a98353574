import { constants, type KeyObject, verify } from 'node:crypto'
import { readUnverified, type UnverifiedJwt } from '../../registry/base/jwt-form.ts'
import type { SignatureAlgorithm } from '../../registry/oauth-keys.ts'

/** A signed JWT in its compact form (RFC 7515 §3.1, RFC 7519), read and not yet believed. */
export interface Jws extends UnverifiedJwt {
  /** What the signature is over. */
  readonly signed: string
  readonly signature: Buffer
}

/** Far more than any of them needs: a text is not read and hashed for somebody who only wants us to. */
const maxLength = 16_384

/** @returns undefined for what is no compact JWT, or has a critical extension: we know none (RFC 7515 §4.1.11) */
export function readJws(text: string): Jws | undefined {
  const jwt = readUnverified(text, maxLength)
  if (!jwt || 'crit' in jwt.header) return undefined
  const cut = text.lastIndexOf('.')
  return { ...jwt, signed: text.slice(0, cut), signature: Buffer.from(text.slice(cut + 1), 'base64url') }
}

/**
 * Whether the key made the signature. At once and on this thread: a verification is shorter than the way to another
 * thread and back.
 *
 * @param algorithm one that the key is for: see `algorithmsOf`. Never just what a header says
 */
export function isSignedBy(
  { signed, signature }: Pick<Jws, 'signed' | 'signature'>,
  key: KeyObject,
  algorithm: SignatureAlgorithm,
): boolean {
  const data = Buffer.from(signed, 'latin1')
  switch (algorithm) {
    case 'ES256':
      // RFC 7518 §3.4: r and s, 32 bytes each, and not the DER of other protocols.
      return signature.length === 64 && verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature)
    case 'PS256':
      return verify(
        'sha256',
        data,
        { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
        signature,
      )
    case 'EdDSA':
    case 'Ed25519':
      return verify(null, data, key, signature)
  }
}
