import type { ClientCertificate } from '../policy.ts'

/** A request to an OAuth endpoint, of whatever HTTP framework. */
export interface OAuthRequest {
  readonly method: string
  /** Without the query, e.g. `/oauth2/token`. */
  readonly path: string
  /** Without the question mark, as received; ''. Only the authorization endpoint and the pages read it. */
  readonly query: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Names and values in turn as they came: tells what came twice. */
  readonly rawHeaders: readonly string[]
  readonly rawBody: string
  /** Address of the caller. */
  readonly ip: string
  /** Proved by the handshake; undefined without mutual TLS. */
  readonly clientCertificate: ClientCertificate | undefined
}

export interface OAuthAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Values of Set-Cookie, one each. */
  readonly cookies?: readonly string[]
  readonly body: string
}

/** RFC 6749 §5.1: what holds a token, or speaks of one, is not for caches. */
const notForCaches = { 'Cache-Control': 'no-store', Pragma: 'no-cache' }

export function jsonAnswer(
  status: number,
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): OAuthAnswer {
  return {
    status,
    headers: { 'Content-Type': 'application/json', ...notForCaches, ...headers },
    body: JSON.stringify(body),
  }
}

export function emptyAnswer(status: number): OAuthAnswer {
  return { status, headers: notForCaches, body: '' }
}

/** To where the browser goes on, always by GET (RFC 9700 §4.12: a 307 would post what a person typed). */
export function redirectAnswer(
  location: string,
  headers: Readonly<Record<string, string>> = {},
): OAuthAnswer {
  return {
    status: 303,
    headers: { Location: location, 'Referrer-Policy': 'no-referrer', ...notForCaches, ...headers },
    body: '',
  }
}
