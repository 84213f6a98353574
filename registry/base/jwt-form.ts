/** A JWT's outside, looked at before anything is verified: to tell whose it claims to be. Nothing of it may be believed. */
export interface UnverifiedJwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Longer ones are refused unread: they would fill a header, and the caches of those that keep them. */
export const maxJwtChars = 8_192

const compactForm = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/** Whether a text has the compact form of a signed JWT (RFC 7515 §7.1) and a bearable length. */
export const looksLikeJwt = (text: string): boolean => text.length <= maxJwtChars && compactForm.test(text)

/** @returns undefined for what is no JWT, or a longer one than is wanted */
export function readUnverified(text: string, mostChars = maxJwtChars): UnverifiedJwt | undefined {
  if (text.length > mostChars || !compactForm.test(text)) return undefined
  const [header, claims] = text.split('.', 2).map(parsedPart)
  return isObject(header) && isObject(claims) ? { header, claims } : undefined
}

function parsedPart(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
