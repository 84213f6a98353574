/**
 * Where a form may lead to beside ourselves, as a source of CSP: browsers check `form-action` against redirects, too.
 * The host is checked, though it is registered: what stands in the policy must not be able to extend it.
 *
 * @returns undefined where it cannot be said safely; then a browser may keep the person here
 */
export function formTargetOf(redirectUri: string): string | undefined {
  const url = new URL(redirectUri)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return /^[a-z][a-z0-9+.-]*:$/.test(url.protocol) ? url.protocol : undefined
  return /^([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d+)?$/.test(url.host) ? `${url.protocol}//${url.host}` : undefined
}
