import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { QuickRequest } from './quick/request.ts'

/** The partner's side of a call: as node's server hands it over, or a call that came whole. */
export type CallerRequest = IncomingMessage | QuickRequest

/** What is used of node's response; QuickResponse has no more than that. */
export interface CallerResponse {
  readonly socket: Socket | null
  shouldKeepAlive: boolean
  readonly statusCode: number
  readonly headersSent: boolean
  readonly writableEnded: boolean
  readonly writableFinished: boolean
  readonly writableLength: number
  readonly destroyed: boolean
  writeHead(status: number, headers: string[]): unknown
  flushHeaders(): void
  /** @returns whether there is room for more; otherwise there is once 'drain' comes */
  write(chunk: Buffer): boolean
  end(): unknown
  end(body: Buffer): unknown
  end(body: string, encoding: 'latin1'): unknown
  addTrailers(trailers: [string, string][]): void
  destroy(): unknown
  on(event: 'close' | 'drain', listener: () => void): unknown
  once(event: 'close' | 'drain', listener: () => void): unknown
  off(event: 'close' | 'drain', listener: () => void): unknown
}
