import type { OAuthRequest } from '../message.ts'
import type { PeopleDeps } from './deps.ts'
import { addressIn, type PageContext } from './pages/page.ts'
import { isLanguage, languageOf } from './text/index.ts'

/** Query parameters of our own pages; what came twice counts as its first. */
export const parameterOf = ({ query }: Pick<OAuthRequest, 'query'>, name: string): string | undefined =>
  new URLSearchParams(query).get(name) ?? undefined

/**
 * What all pages need of a request.
 * @param path of the page below the issuer, e.g. `/oauth2/account`
 */
export function contextOf(
  deps: Pick<PeopleDeps, 'issuer' | 'bank'>,
  req: OAuthRequest,
  path: string | undefined,
  uiLocales: readonly string[] = [],
): PageContext {
  return {
    language: languageOf(parameterOf(req, 'lang'), uiLocales, req.headers['accept-language']),
    bank: deps.bank,
    isHttps: deps.issuer.startsWith('https:'),
    address: path === undefined ? undefined : { path: pathBelow(deps.issuer, path), query: '' },
  }
}

/** An issuer may have a path of its own. */
export const pathBelow = (issuer: string, path: string) =>
  `${new URL(issuer).pathname.replace(/\/$/, '')}${path}`

/** Where a page comes back to itself: in the language that was chosen, if one was. */
export function addressOf(
  { issuer }: Pick<PeopleDeps, 'issuer'>,
  req: OAuthRequest,
  path: string,
  more: Readonly<Record<string, string>> = {},
): string {
  const lang = parameterOf(req, 'lang')
  const query = new URLSearchParams(more)
  const below = pathBelow(issuer, path)
  if (lang !== undefined && isLanguage(lang)) return addressIn({ path: below, query: `${query}` }, lang)
  return query.size > 0 ? `${below}?${query}` : below
}
