import type { Socket } from 'node:net'
import { headerName } from '../header-names.ts'
import type { RequestHead } from '../http1/parser.ts'

/** A call that came whole, with the fields of node's request by which the handler reads one. */
export class QuickRequest {
  readonly socket: Socket
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly rawHeaders: string[]
  readonly httpVersion = '1.1'
  readonly complete = true
  /** The body, which is there already. */
  readonly whole: Buffer

  constructor(
    socket: Socket,
    { method, url, lines }: RequestHead,
    headers: Readonly<Record<string, string>>,
    whole: Buffer,
  ) {
    this.socket = socket
    this.method = method
    this.url = url
    this.headers = headers
    this.rawHeaders = lines
    this.whole = whole
  }

  /** There is nothing left to be read, or thrown away. */
  unpipe(): this {
    return this
  }
  resume(): this {
    return this
  }
}

/** By names in lower case; undefined where a name comes twice: what that means differs from name to name. */
export function headersByName(lines: readonly string[]): Record<string, string> | undefined {
  const headers: Record<string, string> = Object.create(null)
  for (let i = 0; i < lines.length; i += 2) {
    const { lower } = headerName(lines[i]!)
    if (headers[lower] !== undefined) return undefined
    headers[lower] = lines[i + 1]!
  }
  return headers
}
