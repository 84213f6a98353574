import { OAuthError } from 'oauth2-server'
import { passesByItself } from '../errors.ts'
import type { OAuthAnswer, OAuthRequest } from '../message.ts'
import { answerAccount } from './account-endpoint.ts'
import type { PeopleDeps } from './deps.ts'
import { answerInteraction } from './interaction-endpoint.ts'
import { messagePage } from './pages/message.ts'
import { contextOf } from './request-context.ts'
import { answerUpstreamReturn } from './upstream-login.ts'

export { accountPath } from './account-endpoint.ts'
export type { PeopleDeps } from './deps.ts'
export { answerSilently } from './silent.ts'
export { createDemoSource } from './sources/demo.ts'
export { createHookSource, type HookSettings, type SendToHook } from './sources/hook.ts'
export type { ElsewhereSource, PasswordSource, SubjectSource } from './sources/source.ts'
export { upstreamReturnPath } from './upstream-login.ts'

/** The pages for people, free of any HTTP framework. None of them ever rejects. */
export interface PeoplePages {
  interaction(req: OAuthRequest, id: string): Promise<OAuthAnswer>
  account(req: OAuthRequest): Promise<OAuthAnswer>
  upstreamReturn(req: OAuthRequest): Promise<OAuthAnswer>
}

export function createPeoplePages(deps: PeopleDeps): PeoplePages {
  return {
    interaction: (req, id) => page(deps, req, () => answerInteraction(deps, req, id)),
    account: (req) => page(deps, req, () => answerAccount(deps, req)),
    upstreamReturn: (req) => page(deps, req, () => answerUpstreamReturn(deps, req)),
  }
}

async function page(
  deps: PeopleDeps,
  req: OAuthRequest,
  answer: () => Promise<OAuthAnswer>,
): Promise<OAuthAnswer> {
  const context = () => contextOf(deps, req, undefined)
  if (req.method !== 'GET' && req.method !== 'POST')
    return messagePage(context(), 'notHere', { status: 405, headers: { Allow: 'GET, POST' } })
  try {
    return await answer()
  } catch (error) {
    // The form was not one: somebody else's program sent it.
    if (error instanceof OAuthError && error.code < 500)
      return messagePage(context(), 'ended', { status: 400 })
    deps.report(error)
    return messagePage(
      context(),
      'broken',
      passesByItself(error) ? { status: 503, headers: { 'Retry-After': '1' } } : { status: 500 },
    )
  }
}

/** For a request that cannot be answered by a redirect, since nobody knows where to: the person is told. */
export function untrustedRequestPage(
  deps: Pick<PeopleDeps, 'issuer' | 'bank'>,
  req: OAuthRequest,
  reason: string,
): OAuthAnswer {
  return messagePage(contextOf(deps, req, undefined), 'badRequest', { reason })
}
