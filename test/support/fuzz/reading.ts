import { METHODS } from 'node:http'
import { Ambiguous, type Cursor, fields, line, valuesOf } from '../strict.ts'

/**
 * Reads what was said on a connection as RFC 9112 has it, with every tolerance that the gateway is known to have where
 * there is one reading only. What is found here is what was said; the gateway may refuse it, and may not find anything
 * else.
 */
export interface SaidCall {
  readonly method: string
  /** As it came; an absolute one without its origin. */
  readonly target: string
  readonly headers: readonly string[]
  readonly body: string
  /** Names and values in turn. */
  readonly trailers: readonly string[]
  /** Whether nothing that comes behind it is a call. */
  readonly isLast: boolean
  readonly bytes: string
}

export interface SaidAnswer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
  readonly trailers: readonly string[]
  readonly length: 'stated' | 'chunks' | 'none' | 'until the end'
  readonly bytes: string
}

/** @returns the whole calls, and what ends them: nothing more, what is not whole yet, or what cannot be read */
export function readCalls(text: string): { calls: SaidCall[]; end: 'all' | 'open' | 'ambiguous' } {
  const calls: SaidCall[] = []
  let rest = text
  for (;;) {
    rest = rest.replace(/^[\r\n]+/, '') // empty lines, of which node's parser takes any
    if (rest === '') return { calls, end: 'all' }
    try {
      const call = readCall(rest)
      if (!call) return { calls, end: 'open' }
      calls.push(call)
      if (call.isLast) return { calls, end: 'all' }
      rest = rest.slice(call.bytes.length)
    } catch (error) {
      if (!(error instanceof Ambiguous)) throw error
      return { calls, end: 'ambiguous' }
    }
  }
}

function readCall(text: string): SaidCall | undefined {
  const cursor: Cursor = { text, at: 0 }
  const start = line(cursor)
  if (start === undefined) return undefined
  // Blanks may be many; RTSP is read as HTTP/1.0 by node's parser.
  const match = /^([^ ]+) +([^ ]+) +(?:HTTP\/1\.([01])|RTSP\/1\.0)$/.exec(start)
  if (!match || !METHODS.includes(match[1]!)) throw new Ambiguous(`the request line ${JSON.stringify(start)}`)
  const [, method, target, minor] = match as unknown as [string, string, string, string | undefined]
  const headers = fields(cursor)
  if (headers === undefined) return undefined
  const isOld = minor !== '1'
  const coding = single(headers, 'transfer-encoding')
  const length = lengthOf(headers)
  const hosts = valuesOf(headers, 'host')
  if (hosts.length > 1 || (hosts.length === 0 && !isOld)) throw new Ambiguous('the host')
  if (coding !== undefined && (isOld || length !== undefined || coding.toLowerCase() !== 'chunked'))
    throw new Ambiguous('the coding')
  const body = coding !== undefined ? readChunks(cursor) : readLength(cursor, length ?? 0)
  if (body === undefined) return undefined
  const connection = valuesOf(headers, 'connection').join(',').toLowerCase()
  return {
    method,
    target: target.replace(/^https?:\/\/[^/?#]*/i, ''),
    headers,
    body: typeof body === 'string' ? body : body.text,
    trailers: typeof body === 'string' ? [] : body.trailers,
    isLast:
      has(connection, 'close') ||
      (isOld && !has(connection, 'keep-alive')) ||
      (has(connection, 'upgrade') && valuesOf(headers, 'upgrade').length > 0),
    bytes: text.slice(0, cursor.at),
  }
}

/** What may come before an answer: interim ones, and empty lines, of which node's parser takes any. */
const before = /^(?:[\r\n]*HTTP\/\d\.\d 1\d\d [^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)*[\r\n]*/

/**
 * @param isEnded whether the connection was closed properly behind the text
 * @returns undefined while it is not whole
 * @throws Ambiguous
 */
export function readAnswer(text: string, method: string, isEnded: boolean): SaidAnswer | undefined {
  const cursor: Cursor = { text, at: before.exec(text)![0].length }
  const start = line(cursor)
  if (start === undefined) return undefined
  const match = /^HTTP\/(?:0\.9|1\.[01]|2\.0) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(start)
  if (!match) throw new Ambiguous(`the status line ${JSON.stringify(start)}`)
  const status = Number(match[1])
  const headers = fields(cursor)
  if (headers === undefined) return undefined
  const said = (body: string, length: SaidAnswer['length'], trailers: string[] = []): SaidAnswer => ({
    status,
    headers,
    body,
    trailers,
    length,
    bytes: text.slice(0, cursor.at),
  })
  const coding = single(headers, 'transfer-encoding')
  const length = lengthOf(headers)
  if (coding !== undefined && (length !== undefined || coding.toLowerCase() !== 'chunked'))
    throw new Ambiguous('the coding')
  if (method === 'HEAD' || status === 204 || status === 304) return said('', 'none')
  if (coding !== undefined) {
    const body = readChunks(cursor)
    return body && said(body.text, 'chunks', body.trailers)
  }
  if (length !== undefined) {
    const body = readLength(cursor, length)
    return body === undefined ? undefined : said(body, 'stated')
  }
  if (!isEnded) return undefined
  const body = text.slice(cursor.at)
  cursor.at = text.length
  return said(body, 'until the end')
}

function single(headers: readonly string[], name: string): string | undefined {
  const values = valuesOf(headers, name)
  if (values.length > 1) throw new Ambiguous(`${values.length} lines of ${name}`)
  return values[0]
}

function lengthOf(headers: readonly string[]): number | undefined {
  const value = single(headers, 'content-length')
  if (value === undefined) return undefined
  if (!/^\d{1,15}$/.test(value)) throw new Ambiguous(`the length ${value}`)
  return Number(value)
}

function readLength(cursor: Cursor, length: number): string | undefined {
  const end = cursor.at + length
  if (cursor.text.length < end) return undefined
  const body = cursor.text.slice(cursor.at, end)
  cursor.at = end
  return body
}

/** With extensions, leading zeros and trailers. */
const chunkLine =
  /^0*([0-9a-fA-F]{1,7})(?:;[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e])*"))?)*$/

function readChunks(cursor: Cursor): { text: string; trailers: string[] } | undefined {
  let text = ''
  for (;;) {
    const size = line(cursor)
    if (size === undefined) return undefined
    const match = chunkLine.exec(size)
    if (!match) throw new Ambiguous(`the chunk size ${JSON.stringify(size)}`)
    const length = Number.parseInt(match[1]!, 16)
    if (length === 0) break
    const end = cursor.at + length
    const behind = cursor.text.slice(end, end + 2)
    if (behind !== '' && !'\r\n'.startsWith(behind))
      throw new Ambiguous('a chunk that is not as long as its size')
    if (behind !== '\r\n') return undefined
    text += cursor.text.slice(cursor.at, end)
    cursor.at = end + 2
  }
  const trailers = fields(cursor)
  return trailers && { text, trailers }
}

const has = (list: string, token: string) =>
  list
    .split(',')
    .map((member) => member.trim())
    .includes(token)
