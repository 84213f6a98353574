import type { AuthorizationRequest } from '../authorization-request.ts'
import type { PeopleDeps } from './deps.ts'

/**
 * What people did, for the audit: who by a pseudonym, never a name, an amount, an account or an address. Written before
 * it takes effect, so that nothing does without its entry. Each may throw Problem store-unavailable.
 */

/** @param by who has seen to it that it is the person */
export const recordSignIn = (
  deps: PeopleDeps,
  subject: string,
  clientId: string,
  by: 'password' | 'second factor' | 'upstream provider',
) => deps.record(subject, { action: 'succeed', noun: 'sign-in', subject: clientId, after: { by } })

/** There were too many failures. @param account keyed, as it is counted */
export const recordLock = (deps: PeopleDeps, account: string, isEverywhere: boolean) =>
  deps.record(null, {
    ...{ action: 'hold', noun: 'sign-in', subject: account },
    after: { isHeldFor: isEverywhere ? 'unknown browsers' : 'this browser or network' },
  })

export const recordDecision = (
  deps: PeopleDeps,
  subject: string,
  decision: 'allow' | 'refuse',
  { clientId, scopes, authorizationDetails }: AuthorizationRequest,
) =>
  deps.record(subject, {
    ...{ action: decision, noun: 'authorization', subject: clientId },
    after: { scopes, payments: authorizationDetails?.length ?? 0 },
  })

export const recordTakingBack = (deps: PeopleDeps, subject: string, clientId: string) =>
  deps.record(subject, { action: 'take-back', noun: 'authorization', subject: clientId, after: null })
