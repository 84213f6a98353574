import { problem } from '../registry/base/problem.ts'

/**
 * The one path that is routed, authorised and forwarded.
 *
 * What two programs could read in two ways is refused, not repaired: dot segments, empty segments, backslashes, encoded
 * slashes, backslashes and control characters, escapes that are broken or that no UTF-8 has. What RFC 3986 §6.2.2 calls
 * equivalent is made equal: escapes of unreserved characters are decoded, the hex digits of the others are upper case.
 *
 * @param raw the path as received, without query
 * @throws Problem path-ambiguous
 */
export function canonicalPath(raw: string): string {
  let hasEscape = false
  let segmentStart = 1
  if (raw.charCodeAt(0) !== SLASH) throw ambiguous('it does not begin with a slash')
  for (let i = 1; i <= raw.length; i++) {
    const c = i === raw.length ? SLASH : raw.charCodeAt(i)
    if (c === SLASH) {
      if (i === segmentStart && i < raw.length) throw ambiguous('it holds an empty segment (//)')
      if (isDots(raw, segmentStart, i)) throw ambiguous('it holds a dot segment')
      segmentStart = i + 1
    } else if (c === PERCENT) hasEscape = true
    else if (c === BACKSLASH) throw ambiguous('it holds a backslash')
    else if (c <= 0x20 || c >= 0x7f || c === HASH)
      throw ambiguous('it holds a character that must be escaped')
  }
  return hasEscape ? canonicalEscapes(raw) : raw
}

const SLASH = 0x2f
const PERCENT = 0x25
const BACKSLASH = 0x5c
const HASH = 0x23
const DOT = 0x2e
const SEMICOLON = 0x3b

/** `..;x` counts: Java's servers take path parameters off before they look for dot segments. */
function isDots(text: string, start: number, end: number): boolean {
  if (text.charCodeAt(start) !== DOT) return false
  const after = text.charCodeAt(start + 1) === DOT ? start + 2 : start + 1
  return after === end || text.charCodeAt(after) === SEMICOLON
}

/** The same where escapes were decoded, or not, as `;`. */
const dotSegment = /\/\.\.?(?:;|%3B|\/|$)/

/** Longer forms of characters that have a shorter one (RFC 3629 §3): lenient decoders see dots and slashes in them. */
const overlong = /%C[01]%[89AB]|%E0%[89]|%F0%8/

function canonicalEscapes(raw: string): string {
  let out = ''
  for (let i = 0; i < raw.length; i++) {
    if (raw.charCodeAt(i) !== PERCENT) {
      out += raw[i]
      continue
    }
    const hex = raw.slice(i + 1, i + 3)
    if (!/^[0-9A-Fa-f]{2}$/.test(hex)) throw ambiguous('it holds a broken escape')
    const code = Number.parseInt(hex, 16)
    if (code === SLASH || code === BACKSLASH) throw ambiguous('it holds an encoded slash')
    if (code < 0x20 || code === 0x7f) throw ambiguous('it holds an encoded control character')
    const char = String.fromCharCode(code)
    out += /[A-Za-z0-9._~-]/.test(char) ? char : `%${hex.toUpperCase()}`
    i += 2
  }
  // Decoding may have made dot segments (`%2e%2e`).
  if (dotSegment.test(out)) throw ambiguous('it holds a dot segment')
  if (overlong.test(out)) throw ambiguous('it holds an overlong escape')
  return out
}

const ambiguous = (why: string) =>
  problem('path-ambiguous', { detail: `The path is refused because ${why}.` })
