import { nameSet, removeNamed } from '../header-list.ts'
import type { Deps, Exchange, Hooks, Limit, LimitAnswer, LimitsAnswer } from '../policy.ts'

const ours = nameSet([
  'ratelimit',
  'ratelimit-policy',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
])

/**
 * All limits of a call, taken in one step: all or none, so that a call that one limit refuses costs nothing of another.
 * Says what is left in the RateLimit headers (draft-ietf-httpapi-ratelimit-headers), and of the tightest limit in the
 * older X-RateLimit ones. What is held while the call lasts is given back at its end, once.
 *
 * Notes for the log and metrics, by policy: `taken`, `refused`, or `uncounted` while the store is away; `wouldRefuse`
 * names the observed policies that had no room.
 */
export function settleLimits(limits: readonly Limit[], takeLimits: Deps['takeLimits']): Hooks {
  const shown = limits.map((limit) => !limit.isObserved)
  const isShown = shown.includes(true)
  const policyHeader = limits
    .filter((_, i) => shown[i])
    .map(({ name, parameters }) => `"${name}"${parameters}`)
    .join(', ')

  function settle(x: Exchange, { isAllowed, of, release }: LimitsAnswer): void {
    if (x.isOver) release?.()
    else x.release = release
    const refused = note(x, limits, of)
    if (isShown) show(x, of)
    if (isAllowed) return
    let waitMs = 0
    for (const [i, answer] of of.entries())
      if (shown[i] && !answer.isAllowed) waitMs = Math.max(waitMs, answer.retryAfterMs)
    // Rounded up, and never 0: "at once" would bring the caller back too early.
    throw refused!.refusal(Math.max(1, Math.ceil(waitMs / 1000)))
  }

  function show(x: Exchange, of: readonly LimitAnswer[]): void {
    let left = ''
    let tightest = -1
    for (let i = 0; i < of.length; i++) {
      const answer = of[i]!
      if (!shown[i] || !answer.isCounted) continue
      left += `${left && ', '}"${limits[i]!.name}";r=${answer.remaining}`
      if (limits[i]!.hasReset) left += `;t=${Math.ceil(answer.resetMs / 1000)}`
      if (limits[i]!.hasReset && (tightest < 0 || isTighter(answer, of[tightest]!))) tightest = i
    }
    if (left === '') return
    x.responseHeaders.push('RateLimit-Policy', policyHeader, 'RateLimit', left)
    if (tightest < 0) return
    const { remaining, resetMs } = of[tightest]!
    const { responseHeaders } = x
    responseHeaders.push('X-RateLimit-Limit', String(limits[tightest]!.limit))
    responseHeaders.push('X-RateLimit-Remaining', String(remaining))
    responseHeaders.push('X-RateLimit-Reset', String(Math.ceil(resetMs / 1000)))
  }

  return {
    onRequest(x) {
      const answer = takeLimits(limits.map((limit) => limit.claimOf(x)))
      if (!('then' in answer)) return settle(x, answer)
      return answer.then((taken) => settle(x, taken))
    },
    ...(isShown && {
      // The service's own limits are not the caller's: it would see two answers to one question.
      onResponse: (x) => removeNamed(x.response!.headers, ours),
    }),
    onEnd(x) {
      // An answer may be on its way still; what it brings is given back then.
      x.isOver = true
      x.release?.()
      x.release = undefined
    },
  }
}

/** @returns the first that refuses */
function note(x: Exchange, limits: readonly Limit[], of: readonly LimitAnswer[]): Limit | undefined {
  let refused: Limit | undefined
  for (let i = 0; i < of.length; i++) {
    const limit = limits[i]!
    const { isAllowed, isCounted } = of[i]!
    if (!isAllowed && limit.isObserved) {
      const before = x.notes.wouldRefuse
      x.notes.wouldRefuse = before === undefined ? limit.policy : `${before} ${limit.policy}`
    } else if (!isAllowed) refused ??= limit
    x.notes[limit.note] = !isAllowed ? 'refused' : isCounted ? 'taken' : 'uncounted'
  }
  return refused
}

/** What refuses now, and of those what does so longest; else what leaves least. */
function isTighter(a: LimitAnswer, b: LimitAnswer): boolean {
  if (a.isAllowed !== b.isAllowed) return b.isAllowed
  return a.remaining < b.remaining || (a.remaining === b.remaining && a.resetMs > b.resetMs)
}
