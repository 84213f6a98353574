import { allowed } from '../authorization-response.ts'
import { endInteraction, startOf } from '../interactions.ts'
import type { OAuthAnswer } from '../message.ts'
import { isAllowedBefore, isRememberable, mustSignIn } from './consent.ts'
import type { PeopleDeps } from './deps.ts'
import { consentPage } from './pages/consent.ts'
import type { FieldFault } from './pages/form.ts'
import { messagePage } from './pages/message.ts'
import { seeOther, textOf } from './pages/page.ts'
import { codePage, signInElsewherePage, signInPage } from './pages/sign-in.ts'
import { parameterOf } from './request-context.ts'
import { pendingChallenge } from './second-factor.ts'
import type { Session } from './sessions.ts'
import { beginUpstream } from './upstream-login.ts'
import type { Visit } from './visit.ts'

/** What was wrong with the form that was just sent, and what of it is worth keeping. */
export interface Sent {
  readonly faults: readonly FieldFault[]
  readonly userName?: string
}
const nothingSent: Sent = { faults: [] }

/** The page that is next: sign-in, code or consent; or the answer, where nothing has to be asked. */
export async function show(deps: PeopleDeps, visit: Visit, sent: Sent = nothingSent): Promise<OAuthAnswer> {
  const { session, interaction } = visit
  if (!session || mustSignIn(interaction.request, session, startOf(interaction)))
    return showSignIn(deps, visit, sent)
  if (sent.faults.length === 0 && (await isAllowedBefore(deps, interaction.request, visit.client, session)))
    return answerAsBefore(deps, visit, session)
  return showConsent(deps, visit, session, sent)
}

async function answerAsBefore(deps: PeopleDeps, visit: Visit, session: Session): Promise<OAuthAnswer> {
  const ended = await endInteraction(deps, visit.id, visit.req)
  if (!ended) return messagePage(visit.context, 'ended')
  return allowed(deps, ended.request, session, { scopes: ended.request.scopes })
}

export async function showSignIn(deps: PeopleDeps, visit: Visit, sent: Sent): Promise<OAuthAnswer> {
  const { context, asker, target, interaction } = visit
  const { source } = deps
  if (!source) return messagePage(context, 'notAvailable')
  if (source.kind === 'elsewhere') {
    const hasFailed = parameterOf(visit.req, 'failed') !== undefined
    if (!hasFailed && sent.faults.length === 0) return beginUpstream(deps, source, visit)
    const failure = { field: '', message: textOf(context).upstreamFailed }
    const faults = sent.faults.length > 0 ? sent.faults : [failure]
    return signInElsewherePage(context, { ...target, asker, faults, next: visit.self })
  }
  const challenge = await pendingChallenge(deps, visit)
  if (challenge) return codePage(context, { ...target, asker, prompt: challenge.prompt, faults: sent.faults })
  const userName = sent.userName ?? interaction.request.loginHint ?? ''
  return signInPage(context, { ...target, asker, userName, faults: sent.faults })
}

function showConsent(deps: PeopleDeps, visit: Visit, session: Session, { faults }: Sent): OAuthAnswer {
  const { request } = visit.interaction
  const isRemembered = isRememberable(deps, request, visit.client)
  return consentPage(visit.context, {
    ...visit.target,
    asker: visit.asker,
    scopes: request.scopes.map((scope) => ({ scope, description: visit.scopeTexts.get(scope) ?? '' })),
    payments: request.authorizationDetails ?? [],
    redirectUri: request.redirectUri,
    personName: session.displayName,
    rememberedDays: isRemembered ? Math.max(1, Math.round(deps.rememberConsentMs / 86_400_000)) : 0,
    faults,
  })
}

/** Back to the page by GET, so that loading it again sends nothing again. */
export const goOn = (visit: Visit, cookies: readonly string[] = []): OAuthAnswer =>
  seeOther(visit.self, visit.context.isHttps, cookies)
