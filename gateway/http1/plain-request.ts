import { headersByName } from './headers-by-name.ts'
import { bytesOf, copied, readLines } from './plain-lines.ts'

export interface PlainRequest {
  readonly method: string
  readonly url: string
  /** Names and values in turn. */
  readonly lines: string[]
  readonly headers: Readonly<Record<string, string>>
  /** Where the body begins, which ends with the bytes. */
  readonly bodyAt: number
}

/** Of a target in origin form. */
const isOfTarget = bytesOf((c) => /[\x21-\x7e]/.test(c) && c !== '#')

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const longestMethod = 7
const afterTarget = ' HTTP/1.1\r\n'

/** Headers by which a message is more than a head and a body of the length that is said. */
const special = ['transfer-encoding', 'expect', 'upgrade', 'proxy-connection'] as const

/**
 * A request that is all of these bytes and plain, see plain-lines.ts; undefined: anything else.
 * @param maxHeadBytes of a head that node's parser takes; it counts no separators, so this is the narrower
 */
export function readPlainRequest(bytes: Buffer, maxHeadBytes: number): PlainRequest | undefined {
  const most = Math.min(bytes.length, maxHeadBytes - 1)
  const text = bytes.toString('latin1', 0, most)
  const methodEnd = text.indexOf(' ')
  if (methodEnd > longestMethod) return undefined
  const method = text.slice(0, methodEnd)
  if (!methods.has(method)) return undefined
  const urlAt = methodEnd + 1
  if (bytes[urlAt] !== slash) return undefined
  let at = urlAt
  while (at < most && isOfTarget[bytes[at]!] === 1) at++
  if (!text.startsWith(afterTarget, at)) return undefined
  const lines: string[] = []
  const bodyAt = readLines(bytes, text, at + afterTarget.length, most, lines)
  if (bodyAt === -1) return undefined
  const headers = headersByName(lines)
  if (headers === undefined || !isPlain(headers)) return undefined
  if (bytes.length - bodyAt !== lengthOf(headers['content-length'])) return undefined
  return { method, url: copied(bytes, text, urlAt, at), lines, headers, bodyAt }
}

const slash = 0x2f

function isPlain(headers: Readonly<Record<string, string>>): boolean {
  for (const name of special) if (headers[name] !== undefined) return false
  const { connection } = headers
  return connection === undefined || connection === 'keep-alive' || connection === 'Keep-Alive'
}

/** -1: in another form than all write it. */
function lengthOf(text: string | undefined): number {
  if (text === undefined) return 0
  return /^(?:0|[1-9]\d{0,8})$/.test(text) ? Number(text) : -1
}
