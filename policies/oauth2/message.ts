/** A request to an OAuth endpoint, of whatever HTTP framework. The query is left out: nothing is read from it. */
export interface OAuthRequest {
  readonly method: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly rawBody: string
  /** Address of the caller. */
  readonly ip: string
}

export interface OAuthAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
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
