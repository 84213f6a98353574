import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { isFapi } from '../../../registry/oauth-profiles.ts'
import { AuthorizationRequest } from '../authorization-request.ts'
import type { AuthorizationServerDeps, OAuthClient } from '../deps.ts'
import { oauthError } from '../errors.ts'
import { redirectUriFor } from './redirect-uris.ts'

/** RFC 9126 §2.2; FAPI 2.0 §5.3.2.2 wants less than 600. */
export const pushedLifetimeSeconds = 90

export const requestUriPrefix = 'urn:ietf:params:oauth:request_uri:'

/** FAPI 2.0 §5.3.2.2: these clients are heard by nothing else. */
export const mustPush = ({ settings }: OAuthClient) => isFapi(settings.profile)

const Pushed = z.strictObject({
  request: AuthorizationRequest,
  /** ms since the epoch */
  pushedAt: z.int(),
})

/** Keeps a checked request. @returns its request_uri, of 256 random bits. @throws Problem store-unavailable */
export async function keepPushed(
  { once, now }: AuthorizationServerDeps,
  request: AuthorizationRequest,
): Promise<string> {
  const requestUri = requestUriPrefix + randomBytes(32).toString('base64url')
  const pushedId = createHash('sha256').update(requestUri).digest('base64url')
  const pushed: z.infer<typeof Pushed> = { request: { ...request, pushedId }, pushedAt: now() }
  await once.keep('pushed-request', requestUri, pushed, pushedLifetimeSeconds * 1000)
  return requestUri
}

/**
 * The request that was pushed. It stays: it is used when the person has allowed it, so that a page that a browser loads
 * ahead does not burn it (RFC 9126 §4).
 *
 * @throws OAuthError invalid_request_uri, in the same words for unknown, expired, used and another client's
 */
export async function findPushed(
  { once }: AuthorizationServerDeps,
  requestUri: string,
  client: OAuthClient,
): Promise<AuthorizationRequest> {
  const refused = oauthError('invalid_request_uri', 'The request_uri is unknown, expired or was used')
  if (!requestUri.startsWith(requestUriPrefix)) throw refused
  const found = await once.peek('pushed-request', requestUri)
  if (found === undefined) throw refused
  const { request, pushedAt } = Pushed.parse(found)
  // What the client is held to may be more since, and its keys others.
  if (pushedAt <= client.tokensNotBefore) throw refused
  if (request.clientId !== client.id || request.pushedId === null) throw refused
  if ((await once.peek('used-request', request.pushedId)) !== undefined) throw refused
  redirectUriFor(request.redirectUri, client) // may have been taken from the client since
  return request
}
