import type { OAuthRequest } from './message.ts'

/** `__Host-` cookies cannot be set by neighbours of our host; browsers take them over https only (RFC 6265bis §4.1.3). */
const cookieName = (issuer: string, name: string) => (issuer.startsWith('https:') ? `__Host-${name}` : name)

/** All that we give to browsers. */
const own = /^__Host-(?:session|interaction|device)=/

/**
 * A `Cookie` header without the ones of these pages, which browsers send to every path of the host: a service behind the
 * gateway could act with them as the person who signed in. Without TLS, in sandboxes only, they have common names and stay.
 */
export function withoutOwnCookies(header: string): string {
  if (!header.includes('__Host-')) return header
  return header
    .split(/; */)
    .filter((pair) => !own.test(pair))
    .join('; ')
}

/** @returns undefined when it is missing, comes twice, or does not look like one of ours */
export function cookieOf(
  { headers }: OAuthRequest,
  issuer: string,
  name: string,
  pattern: RegExp,
): string | undefined {
  const header = headers.cookie
  if (typeof header !== 'string') return undefined
  const start = `${cookieName(issuer, name)}=`
  const values = header.split(/; */).filter((pair) => pair.startsWith(start))
  const value = values.length === 1 ? values[0]!.slice(start.length) : ''
  return pattern.test(value) ? value : undefined
}

/** @param maxAgeSeconds 0 takes it away; undefined: until the browser is closed */
export function setCookie(issuer: string, name: string, value: string, maxAgeSeconds?: number): string {
  // Lax and not Strict: people come here from the client's site, and must be recognised then.
  const parts = [`${cookieName(issuer, name)}=${value}`, 'Path=/', 'HttpOnly', 'SameSite=Lax']
  if (maxAgeSeconds !== undefined) parts.push(`Max-Age=${maxAgeSeconds}`)
  if (issuer.startsWith('https:')) parts.push('Secure')
  return parts.join('; ')
}
