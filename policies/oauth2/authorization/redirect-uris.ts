import { InvalidRequestError } from 'oauth2-server'
import { isFapi } from '../../../registry/oauth-profiles.ts'
import type { OAuthClient } from '../deps.ts'

/**
 * Where the answer goes: exactly one of the client's own addresses, letter by letter (RFC 9700 §4.1.3). Only the port of
 * a loopback address is free: a native application takes the one that it gets (RFC 8252 §7.3).
 *
 * @throws InvalidRequestError; then nobody may be sent anywhere
 */
export function redirectUriFor(asked: string | undefined, client: OAuthClient): string {
  if (asked === undefined) throw new InvalidRequestError('redirect_uri is missing')
  if (!isRedirectUriOf(asked, client))
    throw new InvalidRequestError('redirect_uri is not registered for this client')
  if (isFapi(client.settings.profile) && asked.startsWith('http:') && !loopback.test(asked))
    throw new InvalidRequestError('redirect_uri must be https')
  return asked
}

export const isRedirectUriOf = (asked: string, { settings }: OAuthClient) =>
  settings.redirectUris.some((uri) => uri === asked || isSameButPort(uri, asked))

/** The host as it is written: `localhost` is a name, which may lead elsewhere (RFC 8252 §8.3). */
const loopback = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::(\d{1,5}))?(?=$|[/?])/

function isSameButPort(own: string, asked: string): boolean {
  const [a, b] = [loopback.exec(own), loopback.exec(asked)]
  if (!a || !b || Number(b[2] ?? 0) > 65_535) return false
  return a[1] === b[1] && own.slice(a[0].length) === asked.slice(b[0].length)
}
