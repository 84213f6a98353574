import { randomBytes } from 'node:crypto'
import { networkOf } from '../../../registry/base/network.ts'
import { isSameSecret } from '../../../registry/base/secrets.ts'
import { cookieOf, setCookie } from '../cookies.ts'
import type { OAuthRequest } from '../message.ts'
import { recordLock } from './audit.ts'
import type { PeopleDeps } from './deps.ts'

/**
 * How guessing is slowed down, without letting strangers lock anybody out for long.
 *
 * - By account and network, or by account and browser where the account has signed in with it before (a device cookie,
 *   as OWASP calls it): 10 failures within 30 minutes lock for 30 minutes (PCI DSS 8.3.4).
 * - By account alone: 30 within 30 minutes, from wherever; that lock does not hold for browsers that know the account.
 * - By network alone: 300 failures within 30 minutes, over all accounts: for who tries one password on many.
 *
 * Who is unknown is counted in the same way, so that a lock tells nothing. Names are counted under a keyed hash.
 */
const lockMs = 30 * 60_000
const mostHere = 10
const mostOfAccount = 30
const mostOfNetwork = 300
const deviceSeconds = 180 * 86_400

/** One attempt that was let through; exactly one of its functions is to be called. */
export interface Attempt {
  failed(): Promise<void>
  /** Nobody could say: a fault of ours is no guess of theirs. */
  unanswered(): Promise<void>
  /** @returns the value of Set-Cookie by which the browser is known to the account from now on */
  succeeded(): Promise<string>
}

/** @returns how long to wait when there were too many. @throws Problem store-unavailable */
export async function beginAttempt(
  deps: PeopleDeps,
  req: OAuthRequest,
  userName: string,
): Promise<Attempt | { readonly retryAfterMs: number }> {
  const account = accountOf(deps, userName)
  const network = networkOf(req.ip)
  const device = deviceOf(deps, req, account)
  const where = whereOf(req, device)
  const here = {
    owner: account,
    rule: `sign-in:${deps.hash(where)}`,
    limit: mostHere,
    windowMs: lockMs,
  }
  const ofAccount = { owner: account, rule: 'sign-in', limit: mostOfAccount, windowMs: lockMs }
  const ofNetwork = { owner: network, rule: 'sign-in-failures', limit: mostOfNetwork, windowMs: lockMs }
  const locks = [`${account} ${where}`, ...(device === undefined ? [account] : [])]

  for (const lock of locks) {
    const until = await deps.once.peek('sign-in-lock', lock)
    if (typeof until === 'number' && until > deps.now()) return { retryAfterMs: until - deps.now() }
  }
  // Before a name of its choice leaves a count in the store.
  const left = await deps.takeTokens({ ...ofNetwork, cost: 0 })
  if (left.remaining <= 0 && device === undefined) return { retryAfterMs: left.resetMs }

  // Taken before the password is looked at: of many tries at the same moment no more than these get through.
  const taken = await deps.takeTokens({ ...here, cost: 1 })
  if (!taken.isAllowed) return { retryAfterMs: taken.retryAfterMs }
  const ofAll = device === undefined ? await deps.takeTokens({ ...ofAccount, cost: 1 }) : undefined
  if (ofAll && !ofAll.isAllowed) return { retryAfterMs: ofAll.retryAfterMs }
  const lock = (name: string) => deps.once.keep('sign-in-lock', name, deps.now() + lockMs, lockMs)
  return {
    async failed() {
      await deps.takeTokens({ ...ofNetwork, cost: 1 })
      const isHeldHere = taken.remaining <= 0
      const isHeld = ofAll !== undefined && ofAll.remaining <= 0
      if (isHeldHere) await lock(locks[0]!)
      if (isHeld) await lock(account)
      if (isHeldHere || isHeld) await recordLock(deps, account, isHeld)
    },
    async unanswered() {
      await deps.giveBack({ ...here, cost: 1 }, taken)
      if (ofAll) await deps.giveBack({ ...ofAccount, cost: 1 }, ofAll)
    },
    async succeeded() {
      await deps.forgive({ ...here, cost: 0 })
      if (ofAll) await deps.giveBack({ ...ofAccount, cost: 1 }, ofAll)
      const id = device ?? randomBytes(16).toString('base64url')
      return setCookie(deps.issuer, 'device', `${id}.${proofOf(deps, account, id)}`, deviceSeconds)
    },
  }
}

/** Where an attempt comes from: a browser that the account knows, or else the network. */
export const whereOf = (req: OAuthRequest, device: string | undefined) =>
  device === undefined ? `network ${networkOf(req.ip)}` : `device ${device}`

/** As people type it: case and width of letters make no other account. */
export const accountOf = (deps: PeopleDeps, userName: string) =>
  `account-${deps.hash(`account ${userName.normalize('NFKC').trim().toLowerCase()}`)}`

/** A browser that the account has signed in with: kept by the browser itself, since only we can make the proof. */
export function deviceOf(deps: PeopleDeps, req: OAuthRequest, account: string): string | undefined {
  const cookie = cookieOf(req, deps.issuer, 'device', /^[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}$/)
  const [id = '', proof = ''] = cookie?.split('.') ?? []
  return isSameSecret(proof, proofOf(deps, account, id)) ? id : undefined
}

const proofOf = (deps: PeopleDeps, account: string, id: string) => deps.hash(`device ${account} ${id}`)
