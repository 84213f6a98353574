import type { CallerResponse } from './caller.ts'

/** Longest body that is made into text. */
const smallBytes = 16_384

/**
 * Ends an answer. Node sends head and body in one piece, and not by `writev` of two, only where the body is text: so the
 * bytes of a small body are handed over as characters, one each, and written as they were.
 */
export function endAnswer(res: CallerResponse, body: Buffer | undefined): void {
  if (body === undefined || body.length === 0) res.end()
  else if (body.length <= smallBytes) res.end(body.toString('latin1'), 'latin1')
  else res.end(body)
}
