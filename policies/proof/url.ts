/**
 * Whether the `htu` of a proof is the address of the request (RFC 9449 §4.3): without query and fragment, and after the
 * normalisation of RFC 3986 §6.2.2 and §6.2.3.
 *
 * @param expected origin as callers see it, and path as received
 */
export function isSameAddress(htu: unknown, expected: string): boolean {
  if (typeof htu !== 'string') return false
  if (htu === expected) return true
  const said = normalised(htu)
  return said !== undefined && said === normalised(expected)
}

function normalised(text: string): string | undefined {
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return undefined
  if (url.username !== '' || url.password !== '') return undefined
  return url.origin + url.pathname.replaceAll(/%[0-9a-f]{2}/gi, unescapedIfFree)
}

/** What may stand as it is means the same with and without its escape (RFC 3986 §2.3); nothing else does. */
function unescapedIfFree(escaped: string): string {
  const letter = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
  return /[A-Za-z0-9._~-]/.test(letter) ? letter : escaped.toUpperCase()
}
