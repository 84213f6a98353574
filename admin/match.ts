import { problem } from '../registry/base/problem.ts'

const strongTag = /^"([\x21\x23-\x7e]*)"$/

/** The etag as it goes over the wire (RFC 9110 §8.8.3). */
export const quoted = (etag: string) => `"${etag}"`

/**
 * Reads `If-Match` (RFC 9110 §13.1.1).
 *
 * @returns the expected etag; `undefined` for `*`, and for no header where none is required
 * @throws Problem `precondition-required` without one where it is required
 */
export function readIfMatch(header: string | undefined, isRequired: boolean): string | undefined {
  if (header === undefined) {
    if (!isRequired) return undefined
    throw problem('precondition-required', {
      detail:
        'Send the ETag that you read as If-Match, so that no change of somebody else is lost; or "If-Match: *" to overwrite.',
    })
  }
  const text = header.trim()
  if (text === '*') return undefined
  // If-Match compares strongly: a weak tag never matches, whatever it holds.
  if (text.startsWith('W/')) throw problem('precondition-failed', { detail: 'A weak ETag never matches.' })
  const tag = strongTag.exec(text)?.[1]
  if (tag === undefined)
    throw problem('input-invalid', { detail: 'If-Match takes one quoted ETag, as it was answered, or *.' })
  return tag
}
