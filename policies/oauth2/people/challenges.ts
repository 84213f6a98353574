import { networkOf } from '../../../registry/base/network.ts'
import type { OAuthRequest } from '../message.ts'
import type { PeopleDeps } from './deps.ts'
import { accountOf, deviceOf, whereOf } from './tries.ts'

/**
 * A second factor is sent to a person's telephone or the like whenever somebody knows the password: without a bound, who
 * has it could ring for ever, in the hope that the person gives in, or at the bank's expense. Counted as failures are:
 * for the account and the place, for the account alone unless the browser is known to it, and for the network.
 */
const windowMs = 30 * 60_000
const mostHere = 8
const mostOfAccount = 24
const mostOfNetwork = 240

export interface ChallengeRight {
  /** None was sent. */
  unused(): Promise<void>
}

/**
 * Taken before the password is looked at: of many tries at the same moment no more than these are sent one.
 *
 * @returns how long to wait when there were too many. @throws Problem store-unavailable
 */
export async function takeChallengeRight(
  deps: PeopleDeps,
  req: OAuthRequest,
  userName: string,
): Promise<ChallengeRight | { readonly retryAfterMs: number }> {
  const takes = takesOf(deps, req, userName).map((take) => ({ ...take, cost: 1 }))
  const taken: (() => Promise<void>)[] = []
  const unused = async () => {
    for (const giveBack of taken) await giveBack()
  }
  for (const take of takes) {
    const left = await deps.takeTokens(take)
    if (!left.isAllowed) {
      await unused()
      return { retryAfterMs: left.retryAfterMs }
    }
    taken.push(() => deps.giveBack(take, left))
  }
  return { unused }
}

/** The person has confirmed one: who signs in often is not held for it. @throws Problem store-unavailable */
export async function forgiveChallenges(
  deps: PeopleDeps,
  req: OAuthRequest,
  userName: string,
): Promise<void> {
  const [, ...ofAccount] = takesOf(deps, req, userName)
  for (const take of ofAccount) await deps.forgive({ ...take, cost: 0 })
}

/** That of the network first. */
function takesOf(deps: PeopleDeps, req: OAuthRequest, userName: string) {
  const account = accountOf(deps, userName)
  const device = deviceOf(deps, req, account)
  const rule = 'second-factors'
  const here = `${rule}:${deps.hash(whereOf(req, device))}`
  return [
    { owner: networkOf(req.ip), rule, limit: mostOfNetwork, windowMs },
    { owner: account, rule: here, limit: mostHere, windowMs },
    ...(device === undefined ? [{ owner: account, rule, limit: mostOfAccount, windowMs }] : []),
  ]
}
