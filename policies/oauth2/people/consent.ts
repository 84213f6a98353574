import type { AuthorizationRequest, Person } from '../authorization-request.ts'
import type { OAuthClient } from '../deps.ts'
import type { PeopleDeps } from './deps.ts'

/**
 * Whether the person must prove who they are (again): OpenID Connect §3.1.2.1. An interaction that began after they
 * did has what it asked for.
 *
 * @param startedAt of the interaction, ms since the epoch; a request that is answered at once begins now
 */
export function mustSignIn(
  request: Pick<AuthorizationRequest, 'prompt' | 'maxAgeSeconds'>,
  person: Person,
  startedAt: number,
): boolean {
  if (person.authenticatedAt >= startedAt) return false
  if (request.prompt.includes('login')) return true
  const { maxAgeSeconds } = request
  return maxAgeSeconds !== null && person.authenticatedAt + maxAgeSeconds * 1000 < startedAt
}

/**
 * Whether the choice may be remembered at all: not that of a payment, and not for a client that anybody can pass
 * himself off as (RFC 9700 §2.1 with RFC 8252 §8.6).
 */
export const isRememberable = (
  { rememberConsentMs }: Pick<PeopleDeps, 'rememberConsentMs'>,
  request: AuthorizationRequest,
  client: OAuthClient,
) =>
  rememberConsentMs > 0 &&
  request.authorizationDetails === null &&
  request.scopes.length > 0 &&
  client.settings.authentication !== 'none'

/** Whether the person has allowed all of this before, and need not be asked. @throws Problem store-unavailable */
export async function isAllowedBefore(
  deps: PeopleDeps,
  request: AuthorizationRequest,
  client: OAuthClient,
  person: Person,
): Promise<boolean> {
  if (!isRememberable(deps, request, client) || request.prompt.includes('consent')) return false
  const consent = await rememberedOf(deps, client, person)
  return consent !== undefined && request.scopes.every((scope) => consent.scopes.includes(scope))
}

/** @throws Problem store-unavailable */
export async function remember(
  deps: PeopleDeps,
  request: AuthorizationRequest,
  client: OAuthClient,
  person: Person,
): Promise<void> {
  if (!isRememberable(deps, request, client)) return
  const before = await rememberedOf(deps, client, person)
  const scopes = [...new Set([...(before?.scopes ?? []), ...request.scopes])]
  const since = deps.now()
  const until = since + deps.rememberConsentMs
  await deps.consents.remember(person.subject, request.clientId, { scopes, since, until })
}

/** What ends the tokens of a client ends what it was let have without a question, too. */
async function rememberedOf(deps: PeopleDeps, { id, tokensNotBefore }: OAuthClient, { subject }: Person) {
  const consent = await deps.consents.find(subject, id)
  return consent && consent.since > tokensNotBefore ? consent : undefined
}
