import { isSameSecret } from '../../../registry/base/secrets.ts'
import type { OAuthRequest } from '../message.ts'
import type { PeopleDeps } from './deps.ts'

/**
 * The proof that a form was on a page of ours, for this browser and this person: nobody else can make it, and it ends
 * when somebody signs in or out, so that a page of another person's is noticed.
 */
export const csrfToken = (deps: PeopleDeps, about: string, sessionId: string | undefined) =>
  deps.hash(`csrf ${about} ${sessionId ?? ''}`)

export const isCsrfToken = (given: string | undefined, expected: string): boolean =>
  isSameSecret(given ?? '', expected)

/**
 * Whether a form comes from a page of ours as far as the browser says. Our pages send no referrer, and so browsers
 * send `Origin: null` with their forms (Fetch §3.1): it is Sec-Fetch-Site that tells, where there is one.
 */
export function isFromOurPage({ headers }: OAuthRequest, issuer: string): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin'
  const origin = headers.origin
  return origin === undefined || origin === 'null' || origin === new URL(issuer).origin
}
