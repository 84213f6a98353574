import { headerName } from '../header-names.ts'
import { bytesOf, readLines } from './plain-lines.ts'

export interface PlainAnswer {
  readonly status: number
  /** Names and values in turn. */
  readonly lines: string[]
  /** Where the body begins, which ends with the bytes. */
  readonly bodyAt: number
}

/** RFC 9112 §4: of the text behind the status. */
const isOfReason = bytesOf((c) => /[\t\x20-\x7e]/.test(c))

const start = 'HTTP/1.1 '

/**
 * The answer to a call that is not HEAD, where it is all of these bytes and plain, see plain-lines.ts, and its
 * connection goes on; undefined: anything else.
 */
export function readPlainAnswer(bytes: Buffer, maxHeadBytes: number): PlainAnswer | undefined {
  const most = Math.min(bytes.length, maxHeadBytes - 1)
  const text = bytes.toString('latin1', 0, most)
  if (!text.startsWith(start) || bytes[start.length + 3] !== space) return undefined
  const status = statusIn(bytes, start.length)
  if (status < 200 || status > 599 || status === 204 || status === 304) return undefined
  let at = start.length + 4
  while (at < most && isOfReason[bytes[at]!] === 1) at++
  if (bytes[at] !== 0x0d || bytes[at + 1] !== 0x0a) return undefined
  const lines: string[] = []
  const bodyAt = readLines(bytes, text, at + 2, most, lines)
  return bodyAt !== -1 && bytes.length - bodyAt === lengthIn(lines) ? { status, lines, bodyAt } : undefined
}

const space = 0x20

function statusIn(bytes: Buffer, at: number): number {
  let status = 0
  for (let i = at; i < at + 3; i++) {
    const digit = bytes[i]! - 0x30
    if (!(digit >= 0 && digit <= 9)) return -1
    status = status * 10 + digit
  }
  return status
}

/** -1: not said once and as all write it, or there is more about how the answer ends. */
function lengthIn(lines: readonly string[]): number {
  let length = -1
  for (let i = 0; i < lines.length; i += 2) {
    const { lower, isFraming } = headerName(lines[i]!)
    if (!isFraming || lower === 'keep-alive') continue
    const value = lines[i + 1]!
    if (lower === 'connection' && (value === 'keep-alive' || value === 'Keep-Alive')) continue
    if (lower !== 'content-length' || length !== -1 || !/^(?:0|[1-9]\d{0,8})$/.test(value)) return -1
    length = Number(value)
  }
  return length
}
