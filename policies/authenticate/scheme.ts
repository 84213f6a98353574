/** How an access token is presented: for whoever holds it (RFC 6750), or with a proof of its key (RFC 9449 §7.1). */
export type TokenScheme = 'Bearer' | 'DPoP'

export interface Presented {
  readonly scheme: TokenScheme
  /** '' when there is none; may hold spaces when it is none. */
  readonly token: string
}

/** @returns undefined for another scheme: not an access token */
export function presentedIn(authorization: string): Presented | undefined {
  if (hasScheme(authorization, 'bearer')) return { scheme: 'Bearer', token: authorization.slice(6).trim() }
  if (hasScheme(authorization, 'dpop')) return { scheme: 'DPoP', token: authorization.slice(4).trim() }
  return undefined
}

/** Schemes are compared without case (RFC 9110 §11.1). */
function hasScheme(value: string, scheme: string): boolean {
  const after = value.charCodeAt(scheme.length)
  const ends = Number.isNaN(after) || after === 0x20 || after === 0x09
  return ends && value.slice(0, scheme.length).toLowerCase() === scheme
}
