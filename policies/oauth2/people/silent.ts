import type { AuthorizationRequest } from '../authorization-request.ts'
import { allowed, denied } from '../authorization-response.ts'
import type { OAuthClient } from '../deps.ts'
import type { OAuthAnswer, OAuthRequest } from '../message.ts'
import { isAllowedBefore, mustSignIn } from './consent.ts'
import type { PeopleDeps } from './deps.ts'
import { findSession } from './sessions.ts'

/** `prompt=none`: the answer without any page (OpenID Connect §3.1.2.6). @throws Problem store-unavailable */
export async function answerSilently(
  deps: PeopleDeps,
  req: OAuthRequest,
  request: AuthorizationRequest,
  client: OAuthClient,
): Promise<OAuthAnswer> {
  const session = await findSession(deps, req)
  if (!session || mustSignIn(request, session, deps.now()))
    return denied(deps, request, 'login_required', 'The person has to sign in')
  if (!(await isAllowedBefore(deps, request, client, session)))
    return denied(deps, request, 'consent_required', 'The person has to be asked')
  return allowed(deps, request, session, { scopes: request.scopes })
}
