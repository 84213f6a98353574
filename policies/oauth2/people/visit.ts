import { isRedirectUriOf } from '../authorization/redirect-uris.ts'
import type { OAuthClient } from '../deps.ts'
import { findInteraction, type Interaction, startOf } from '../interactions.ts'
import type { OAuthRequest } from '../message.ts'
import type { PeopleDeps } from './deps.ts'
import { formTargetOf } from './form-target.ts'
import type { PageContext } from './pages/page.ts'
import type { Asker } from './pages/sign-in.ts'
import { addressOf, contextOf } from './request-context.ts'
import { csrfToken } from './same-page.ts'
import { findSession, type Session } from './sessions.ts'

/** A browser at its interaction, and all that its pages show. */
export interface Visit {
  readonly id: string
  readonly req: OAuthRequest
  readonly interaction: Interaction
  readonly client: OAuthClient
  readonly asker: Asker
  readonly scopeTexts: ReadonlyMap<string, string>
  readonly session: Session | undefined
  readonly context: PageContext
  /** Of every form on its pages. */
  readonly target: {
    readonly action: { readonly path: string; readonly query: string }
    readonly csrf: string
    readonly formTarget: string
  }
  /** The page itself, in the language that was chosen. */
  readonly self: string
}

export const interactionPath = (id: string) => `/oauth2/interaction/${id}`

/**
 * @returns undefined when there is no such interaction (any more) for this browser, or the client may not ask so any more:
 * what it was given before has ended, or its redirect URI is gone. @throws Problem store-unavailable
 */
export async function findVisit(deps: PeopleDeps, req: OAuthRequest, id: string): Promise<Visit | undefined> {
  const interaction = await findInteraction(deps, id, req)
  if (!interaction) return undefined
  const { request } = interaction
  const [client, description, session] = await Promise.all([
    deps.findClient(request.clientId),
    deps.describeClient(request.clientId),
    findSession(deps, req),
  ])
  if (!client || !description) return undefined
  if (startOf(interaction) <= client.tokensNotBefore || !isRedirectUriOf(request.redirectUri, client))
    return undefined
  const path = interactionPath(id)
  const context = contextOf(deps, req, path, request.uiLocales)
  return {
    id,
    req,
    interaction,
    client,
    asker: {
      application: description.application,
      partner: description.partner,
      isSandbox: request.environment === 'sandbox',
    },
    scopeTexts: description.scopes,
    session,
    context,
    target: {
      action: context.address!,
      csrf: csrfToken(deps, `${id} ${interaction.browser}`, session?.id),
      formTarget: formTargetOf(request.redirectUri),
    },
    self: addressOf(deps, req, path),
  }
}
