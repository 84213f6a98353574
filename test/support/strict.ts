/** Reads requests by the letter of RFC 9112, and takes nothing that two programs could read in two ways. */
export interface StrictRequest {
  readonly method: string
  readonly target: string
  /** Names and values in turn, as they came. */
  readonly headers: readonly string[]
  /** latin1 */
  readonly body: string
  /** Whole request, as it came. */
  readonly bytes: string
}

/** What came is no request, or could be taken for another one. */
export class Ambiguous extends Error {}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** RFC 9110 §5.5: visible characters and obs-text, with blanks inside only. */
const fieldValue = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/
/** Longest line that is waited for. */
const maxLine = 70_000

/**
 * Takes the first request off the text (latin1).
 * @returns undefined while it is not whole
 * @throws Ambiguous
 */
export function readStrictly(text: string): StrictRequest | undefined {
  const cursor = { text, at: 0 }
  const start = line(cursor)
  if (start === undefined) return undefined
  const [method, target] = requestLine(start)
  const headers = fields(cursor)
  if (headers === undefined) return undefined
  const body = readBody(cursor, framingOf(headers))
  if (body === undefined) return undefined
  return { method, target, headers, body, bytes: text.slice(0, cursor.at) }
}

export function valuesOf(headers: readonly string[], name: string): string[] {
  return headers.filter((_, i) => i % 2 === 1 && headers[i - 1]!.toLowerCase() === name)
}

export interface Cursor {
  readonly text: string
  at: number
}

/** Up to CRLF. A CR or LF that stands alone is what smuggling is made of. */
export function line(cursor: Cursor): string | undefined {
  const { text, at } = cursor
  const end = text.indexOf('\r\n', at)
  const found = end === -1 ? text.slice(at) : text.slice(at, end)
  const open = end === -1 && found.endsWith('\r') ? found.slice(0, -1) : found
  if (/[\r\n]/.test(open)) throw new Ambiguous(`a bare CR or LF in ${JSON.stringify(found)}`)
  if (found.length > maxLine) throw new Ambiguous('a line without end')
  if (end === -1) return undefined
  cursor.at = end + 2
  return found
}

function requestLine(text: string): [string, string] {
  const match = /^(\S+) (\S+) HTTP\/1\.1$/.exec(text)
  if (!match) throw new Ambiguous(`the request line ${JSON.stringify(text)}`)
  const [, method, target] = match as unknown as [string, string, string]
  if (!token.test(method)) throw new Ambiguous(`the method ${JSON.stringify(method)}`)
  // A service is asked in the origin form only. What stands in it is what RFC 3986 allows, and escapes.
  if (!/^\/(?:[\x21-\x7e])*$/.test(target) || /[#\\]/.test(target.split('?')[0]!))
    throw new Ambiguous(`the target ${JSON.stringify(target)}`)
  return [method, target]
}

/** @returns undefined while they are not whole */
export function fields(cursor: Cursor): string[] | undefined {
  const headers: string[] = []
  for (;;) {
    const text = line(cursor)
    if (text === undefined) return undefined
    if (text === '') return headers
    const colon = text.indexOf(':')
    const name = text.slice(0, colon)
    const value = text.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '')
    if (colon < 1 || !token.test(name)) throw new Ambiguous(`the header line ${JSON.stringify(text)}`)
    if (!fieldValue.test(value)) throw new Ambiguous(`the header value ${JSON.stringify(text)}`)
    headers.push(name, value)
  }
}

type Framing = { readonly length: number } | 'chunks'

/** RFC 9112 §6.3, and the names that some program reads as one of these. */
function framingOf(headers: readonly string[]): Framing {
  const names = headers.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
  for (const name of names)
    if (
      name.includes('_') &&
      ['content-length', 'transfer-encoding', 'host'].includes(name.replaceAll('_', '-'))
    )
      throw new Ambiguous(`the header name ${name}`)
  const single = (name: string) => {
    const values = valuesOf(headers, name)
    if (values.length > 1) throw new Ambiguous(`${values.length} lines of ${name}`)
    return values[0]
  }
  if (!single('host')) throw new Ambiguous('no host')
  single('authorization')
  const length = single('content-length')
  const coding = single('transfer-encoding')
  if (coding !== undefined) {
    if (length !== undefined) throw new Ambiguous('a length beside a coding')
    if (coding !== 'chunked') throw new Ambiguous(`the coding ${JSON.stringify(coding)}`)
    return 'chunks'
  }
  if (length !== undefined && !/^(?:0|[1-9]\d{0,14})$/.test(length))
    throw new Ambiguous(`the length ${length}`)
  return { length: Number(length ?? 0) }
}

function readBody(cursor: Cursor, framing: Framing): string | undefined {
  if (framing === 'chunks') return chunks(cursor)
  const end = cursor.at + framing.length
  if (cursor.text.length < end) return undefined
  const body = cursor.text.slice(cursor.at, end)
  cursor.at = end
  return body
}

function chunks(cursor: Cursor): string | undefined {
  let body = ''
  for (;;) {
    const size = line(cursor)
    if (size === undefined) return undefined
    if (!/^(?:0|[1-9a-fA-F][0-9a-fA-F]{0,7})$/.test(size))
      throw new Ambiguous(`the chunk size ${JSON.stringify(size)}`)
    const length = Number.parseInt(size, 16)
    if (length === 0) break
    const end = cursor.at + length
    if (cursor.text.length < end + 2) return undefined
    if (cursor.text.slice(end, end + 2) !== '\r\n')
      throw new Ambiguous('a chunk that is longer than its size')
    body += cursor.text.slice(cursor.at, end)
    cursor.at = end + 2
  }
  const trailers = fields(cursor)
  if (trailers === undefined) return undefined
  if (trailers.length > 0) throw new Ambiguous(`the trailers ${trailers.join(' ')}`)
  return body
}
