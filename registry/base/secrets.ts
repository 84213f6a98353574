import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** What a secret is for; each kind has a prefix of its own, so that a leak scanner can name what it found. */
export const secretPrefixes = {
  'api-key:live': 'pgk_live_',
  'api-key:sandbox': 'pgk_test_',
  'client-secret:live': 'pgs_live_',
  'client-secret:sandbox': 'pgs_test_',
  'access-token:live': 'pgt_live_',
  'access-token:sandbox': 'pgt_test_',
  'refresh-token:live': 'pgr_live_',
  'refresh-token:sandbox': 'pgr_test_',
  'admin-token': 'pga_',
  'registration-token': 'pgi_',
  'registration-access': 'pgm_',
} as const
export type SecretKind = keyof typeof secretPrefixes

const randomLength = 32 // of 62 letters: 190 bits
const checksumLength = 6
const bodyPattern = /^[0-9A-Za-z]{38}$/

/** A new secret: prefix, 32 random letters, 6 letters of CRC-32 over all that stands before. */
export function newSecret(kind: SecretKind): string {
  const head = secretPrefixes[kind] + randomText(randomLength)
  return head + checksum(head)
}

/** Whether a text has the form and the checksum of a secret of this kind. A typing error is told without a look-up. */
export function looksLikeSecret(kind: SecretKind, text: string): boolean {
  const prefix = secretPrefixes[kind]
  if (!text.startsWith(prefix) || !bodyPattern.test(text.slice(prefix.length))) return false
  const cut = text.length - checksumLength
  return checksum(text.slice(0, cut)) === text.slice(cut)
}

/** HMAC-SHA-256 under the platform's hash key, base64url. Only this is ever kept of a key, a secret or a token. */
export function hashSecret(hashKey: Uint8Array, secret: string): string {
  return createHmac('sha256', hashKey).update(secret).digest('base64url')
}

/** The part of a secret that may be shown: enough to recognise it, too little to use it. */
export function hintOf(secret: string): string {
  return `${secret.slice(0, prefixOf(secret).length + 4)}…${secret.slice(-2)}`
}

/** What a secret and its hint begin with alike, by which it can be looked up; '' of what is neither. */
export function headOf(secretOrHint: string): string {
  const prefix = prefixOf(secretOrHint)
  const head = secretOrHint.slice(0, prefix.length + 4)
  return prefix !== '' && /^[0-9A-Za-z]{4}$/.test(head.slice(prefix.length)) ? head : ''
}

const prefixOf = (text: string) => Object.values(secretPrefixes).find((p) => text.startsWith(p)) ?? ''

function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      // 248 is 4 × 62: larger bytes would favour the first letters.
      if (byte < 248 && text.length < length) text += base62[byte % 62]
    }
  }
  return text
}

function checksum(text: string): string {
  let left = crc32(text)
  let out = ''
  for (let i = 0; i < checksumLength; i++) {
    out = base62[left % 62] + out
    left = Math.floor(left / 62)
  }
  return out
}

/** In a time that tells nothing of where they differ. */
export function isSameSecret(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}
