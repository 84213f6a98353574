import { z } from 'zod'
import type { OAuthAnswer, OAuthRequest } from '../message.ts'
import { recordSignIn } from './audit.ts'
import type { PeopleDeps } from './deps.ts'
import { messagePage } from './pages/message.ts'
import { seeOther, textOf } from './pages/page.ts'
import { signInElsewherePage } from './pages/sign-in.ts'
import { addressOf, contextOf, parameterOf } from './request-context.ts'
import { openSession } from './sessions.ts'
import type { ElsewhereSource } from './sources/source.ts'
import { isLanguage } from './text/index.ts'
import { findVisit, interactionPath, type Visit } from './visit.ts'

/** Where the browser comes back to from the upstream provider. */
export const upstreamReturnPath = '/oauth2/upstream-login'

/** A sign-in under way elsewhere, kept under its `state`. */
const Underway = z.strictObject({
  interactionId: z.string(),
  /** That of the interaction: the answer is taken from the browser that began only. */
  browser: z.string(),
  lang: z.string().nullable(),
  /** Asked for a fresh sign-in, which the source has then seen to. */
  mustSignIn: z.boolean(),
  kept: z.record(z.string(), z.unknown()),
})
const lifetimeMs = 10 * 60_000

/** Sends the browser to where the person signs in; a page of ours instead when that cannot be reached. */
export async function beginUpstream(
  deps: PeopleDeps,
  source: ElsewhereSource,
  visit: Visit,
): Promise<OAuthAnswer> {
  const { request, browser } = visit.interaction
  const isOther = parameterOf(visit.req, 'other') !== undefined
  const mustSignIn = request.prompt.includes('login') || isOther
  try {
    const begun = await source.begin({
      loginHint: isOther ? null : request.loginHint,
      language: visit.context.language,
      mustSignIn,
      maxAgeSeconds: request.maxAgeSeconds,
    })
    const underway = {
      interactionId: visit.id,
      browser,
      lang: parameterOf(visit.req, 'lang') ?? null,
      mustSignIn,
      kept: begun.kept,
    }
    await deps.once.keep('upstream-login', begun.state, Underway.parse(underway), lifetimeMs)
    return seeOther(begun.location, visit.context.isHttps)
  } catch (error) {
    deps.report(error)
    const faults = [{ field: '', message: textOf(visit.context).sourceAway }]
    const page = { ...visit.target, asker: visit.asker, faults, next: visit.self }
    return signInElsewherePage(visit.context, page)
  }
}

/** The browser comes back. Each `state` is good once, and for the browser that set out with it. */
export async function answerUpstreamReturn(deps: PeopleDeps, req: OAuthRequest): Promise<OAuthAnswer> {
  const ended = () => messagePage(contextOf(deps, req, undefined), 'ended')
  const state = parameterOf(req, 'state')
  if (req.method !== 'GET' || deps.source?.kind !== 'elsewhere' || !state) return ended()
  const found = Underway.safeParse(await deps.once.take('upstream-login', state))
  if (!found.success) return ended()
  const { interactionId, browser, lang, mustSignIn, kept } = found.data
  const asBefore = { ...req, query: lang !== null && isLanguage(lang) ? `lang=${lang}` : '' }
  const visit = await findVisit(deps, asBefore, interactionId)
  if (!visit || visit.interaction.browser !== browser) return ended()
  const path = interactionPath(interactionId)
  try {
    const person = await deps.source.complete(req.query, kept)
    const { subject, displayName } = person
    // Its clock is another one than ours, and counts whole seconds: of a fresh sign-in it need not be asked.
    const since = mustSignIn ? undefined : person.authenticatedAt
    const authenticatedAt = Math.min(deps.now(), since ?? deps.now())
    await recordSignIn(deps, subject, visit.interaction.request.clientId, 'upstream provider')
    const cookie = await openSession(deps, req, { subject, displayName, authenticatedAt })
    return seeOther(addressOf(deps, asBefore, path), visit.context.isHttps, [cookie])
  } catch (error) {
    deps.report(error)
    return seeOther(addressOf(deps, asBefore, path, { failed: '1' }), visit.context.isHttps)
  }
}
