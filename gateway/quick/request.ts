import type { Socket } from 'node:net'

export interface QuickHead {
  readonly method: string
  readonly url: string
  /** Names and values in turn. */
  readonly lines: string[]
}

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
    { method, url, lines }: QuickHead,
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
