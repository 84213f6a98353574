import { allowed, denied } from '../authorization-response.ts'
import { type Form, readForm } from '../form.ts'
import { endInteraction, startOf } from '../interactions.ts'
import type { OAuthAnswer, OAuthRequest } from '../message.ts'
import { recordDecision, recordSignIn } from './audit.ts'
import { forgiveChallenges, takeChallengeRight } from './challenges.ts'
import { mustSignIn, remember } from './consent.ts'
import type { PeopleDeps } from './deps.ts'
import type { FieldFault } from './pages/form.ts'
import { heldPage, messagePage } from './pages/message.ts'
import { seeOther, textOf } from './pages/page.ts'
import { addressOf, contextOf } from './request-context.ts'
import { isCsrfToken, isFromOurPage } from './same-page.ts'
import { keepChallenge, pendingChallenge, putBackChallenge, takeChallenge } from './second-factor.ts'
import { endSession, openSession } from './sessions.ts'
import { goOn, show, showSignIn } from './show.ts'
import type { PasswordSource, SignInResult } from './sources/source.ts'
import { type Attempt, beginAttempt } from './tries.ts'
import { findVisit, interactionPath, type Visit } from './visit.ts'

/**
 * A person signs in and decides: `/oauth2/interaction/<id>`. GET shows what is next, POST takes one step.
 * @throws InvalidRequestError for a body that is no form; Problem store-unavailable, not-ready
 */
export async function answerInteraction(
  deps: PeopleDeps,
  req: OAuthRequest,
  id: string,
): Promise<OAuthAnswer> {
  const visit = await findVisit(deps, req, id)
  if (!visit) return messagePage(contextOf(deps, req, undefined), 'ended')
  if (req.method === 'GET') return show(deps, visit)
  if (!isFromOurPage(req, deps.issuer)) return messagePage(visit.context, 'ended', { status: 403 })
  const form = readForm(req)
  // Somebody signed in or out in another tab meanwhile: nothing of the form counts, and the page is shown as it is now.
  if (!isCsrfToken(form.get('csrf'), visit.target.csrf)) return show(deps, visit, outdated(visit))
  switch (form.get('step')) {
    case 'sign-in':
      return signIn(deps, visit, form)
    case 'code':
      return confirmCode(deps, visit, form)
    case 'other-account':
      return chooseOtherAccount(deps, visit)
    case 'decide':
      return decide(deps, visit, form)
    case 'cancel':
      return refuse(deps, visit)
    default:
      return show(deps, visit, outdated(visit))
  }
}

const outdated = ({ context }: Visit) => ({ faults: [fault('', textOf(context).formIsOld)] })
const fault = (field: string, message: string): FieldFault => ({ field, message })

// ---- signing in ---------------------------------------------------------------------------------------------------

async function signIn(deps: PeopleDeps, visit: Visit, form: Form): Promise<OAuthAnswer> {
  const { source } = deps
  if (source?.kind !== 'password') return show(deps, visit)
  const text = textOf(visit.context)
  const userName = (form.get('username') ?? '').trim()
  const password = form.get('password') ?? ''
  const missing = [
    ...(userName === '' ? [fault('username', text.userNameMissing)] : []),
    ...(password === '' ? [fault('password', text.passwordMissing)] : []),
  ]
  if (missing.length > 0) return showSignIn(deps, visit, { faults: missing, userName })
  const attempt = await beginAttempt(deps, visit.req, userName)
  if ('retryAfterMs' in attempt) return held(deps, visit, attempt.retryAfterMs)
  const right = await takeChallengeRight(deps, visit.req, userName)
  if ('retryAfterMs' in right) {
    await attempt.unanswered()
    return held(deps, visit, right.retryAfterMs)
  }
  const result = await asked(deps, () => source.signIn({ ...placeOf(visit), userName, password }))
  if (result?.outcome !== 'challenge') await right.unused()
  if (result?.outcome === 'challenge') {
    // The password was right: what is counted from here on is codes.
    await attempt.unanswered()
    await keepChallenge(deps, visit, { prompt: result.prompt, state: result.state, userName })
    return goOn(visit)
  }
  const faults = [fault('password', text.wrongPassword)]
  return settled(deps, visit, attempt, result, { by: 'password', faults, userName })
}

async function confirmCode(deps: PeopleDeps, visit: Visit, form: Form): Promise<OAuthAnswer> {
  const { source } = deps
  if (source?.kind !== 'password') return show(deps, visit)
  const text = textOf(visit.context)
  const code = (form.get('code') ?? '').replaceAll(/\s/g, '')
  if (code === '' && (await pendingChallenge(deps, visit)))
    return showSignIn(deps, visit, { faults: [fault('code', text.codeMissing)] })
  const challenge = await takeChallenge(deps, visit)
  if (!challenge) return showSignIn(deps, visit, { faults: [fault('', text.codeEnded)] })
  const attempt = await beginAttempt(deps, visit.req, challenge.userName)
  if ('retryAfterMs' in attempt) return held(deps, visit, attempt.retryAfterMs)
  const result = await asked(deps, () => source.confirm({ ...placeOf(visit), code, state: challenge.state }))
  const by = 'second factor'
  if (result?.outcome === 'signed-in') {
    await forgiveChallenges(deps, visit.req, challenge.userName)
    return settled(deps, visit, attempt, result, { by, faults: [] })
  }
  const mayTryAgain = await putBackChallenge(deps, visit, challenge, result !== undefined)
  const faults = mayTryAgain ? [fault('code', text.wrongCode)] : [fault('', text.codeEnded)]
  return settled(deps, visit, attempt, result, { by, faults, userName: challenge.userName })
}

/** What is to be told of an attempt: to the counts, and to the person. */
async function settled(
  deps: PeopleDeps,
  visit: Visit,
  attempt: Attempt,
  result: SignInResult | undefined,
  {
    by,
    ...whenRefused
  }: { by: 'password' | 'second factor'; faults: readonly FieldFault[]; userName?: string },
): Promise<OAuthAnswer> {
  if (result?.outcome === 'signed-in') {
    const { subject, displayName } = result
    await recordSignIn(deps, subject, visit.interaction.request.clientId, by)
    const device = await attempt.succeeded()
    const session = await openSession(deps, visit.req, {
      subject,
      displayName,
      authenticatedAt: deps.now(),
    })
    return goOn(visit, [session, device])
  }
  if (result) {
    await attempt.failed()
    return showSignIn(deps, visit, whenRefused)
  }
  await attempt.unanswered()
  const faults = [fault('', textOf(visit.context).sourceAway)]
  return { ...(await showSignIn(deps, visit, { ...whenRefused, faults })), status: 503 }
}

/** @returns undefined when the source cannot be asked; that is told to us and not to the person */
async function asked(
  deps: PeopleDeps,
  ask: () => ReturnType<PasswordSource['signIn']>,
): Promise<SignInResult | undefined> {
  try {
    return await ask()
  } catch (error) {
    deps.report(error)
    return undefined
  }
}

const placeOf = ({ interaction, asker, context }: Visit) => ({
  clientId: interaction.request.clientId,
  application: asker.application,
  partner: asker.partner,
  language: context.language,
})

const held = (deps: PeopleDeps, visit: Visit, retryAfterMs: number) =>
  heldPage(visit.context, { retryAfterMs, now: deps.now(), back: visit.self })

async function chooseOtherAccount(deps: PeopleDeps, visit: Visit): Promise<OAuthAnswer> {
  const cookie = await endSession(deps, visit.req)
  const next = addressOf(deps, visit.req, interactionPath(visit.id), { other: '1' })
  return seeOther(next, visit.context.isHttps, [cookie])
}

// ---- deciding -----------------------------------------------------------------------------------------------------

async function decide(deps: PeopleDeps, visit: Visit, form: Form): Promise<OAuthAnswer> {
  const { session, interaction } = visit
  if (!session || mustSignIn(interaction.request, session, startOf(interaction))) return show(deps, visit)
  const decision = form.get('decision')
  if (decision === 'refuse') {
    await recordDecision(deps, session.subject, 'refuse', interaction.request)
    await deps.consents.forget(session.subject, interaction.request.clientId)
    return refuse(deps, visit)
  }
  if (decision !== 'allow') return show(deps, visit, outdated(visit))
  const ended = await endInteraction(deps, visit.id, visit.req)
  if (!ended) return messagePage(visit.context, 'ended')
  await recordDecision(deps, session.subject, 'allow', ended.request)
  await remember(deps, ended.request, visit.client, session)
  return allowed(deps, ended.request, session, { scopes: ended.request.scopes })
}

async function refuse(deps: PeopleDeps, visit: Visit): Promise<OAuthAnswer> {
  const ended = await endInteraction(deps, visit.id, visit.req)
  if (!ended) return messagePage(visit.context, 'ended')
  return denied(deps, ended.request, 'access_denied', 'The person did not allow it')
}
