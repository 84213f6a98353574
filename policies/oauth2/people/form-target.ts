/**
 * Where a form may lead to beside ourselves, as sources of CSP. Browsers check `form-action` against all redirects that
 * follow, not only the first (seen in Chromium 156): with the client's own origin alone, one whose redirect URI leads on
 * to another of its origins would stop there, after the code was spent. So what is named is how the client is reached:
 * https, its own scheme, or a loopback address. Nothing of the address itself gets into the policy.
 */
export function formTargetOf(redirectUri: string): string {
  const { protocol, hostname } = new URL(redirectUri)
  if (protocol === 'https:') return 'https:'
  if (protocol !== 'http:') return /^[a-z][a-z0-9+.-]*:$/.test(protocol) ? protocol : ''
  // A source cannot hold an IPv6 address (CSP 3 §2.3.1).
  return hostname === '127.0.0.1' ? 'http://127.0.0.1:* https:' : 'http: https:'
}
