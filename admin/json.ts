import { problem } from '../registry/base/problem.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Parses the bytes of a JSON body. @throws Problem `input-invalid` that says at which character it goes wrong */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    throw problem('input-invalid', { detail: 'The body is not UTF-8.' })
  }
  if (text.trim() === '') throw problem('input-invalid', { detail: 'A JSON body is required.' })
  try {
    return JSON.parse(text)
  } catch (error) {
    const at = faultPosition(text, (error as Error).message)
    const before = text.slice(0, at).split('\n')
    const line = before.length
    const what = at >= text.length ? 'it ends too early' : 'this character was not expected'
    throw problem('input-invalid', {
      detail: `The body is not JSON: at line ${line}, column ${before.at(-1)!.length + 1} (position ${at}) ${what}.`,
      errors: [{ pointer: '', detail: `position ${at}: ${what}`, line }],
    })
  }
}

/**
 * Where the text stops being JSON, counted in characters from 0. V8 names the position in most of its messages. It
 * quotes the input instead when a token is wrong; then the border is found by halving: a start of the text fails with
 * that very complaint once, and only once, it holds the wrong token.
 */
function faultPosition(text: string, message: string): number {
  const named = / at position (\d+)/.exec(message)
  if (named) return Number(named[1])
  if (!message.startsWith('Unexpected token')) return text.length
  let good = 0
  let bad = text.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (holdsWrongToken(text.slice(0, middle))) bad = middle
    else good = middle
  }
  return good
}

function holdsWrongToken(start: string): boolean {
  try {
    JSON.parse(start)
    return false
  } catch (error) {
    return (error as Error).message.startsWith('Unexpected token')
  }
}
