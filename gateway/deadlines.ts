/** Waits for something, and is told when it has waited long enough. One that waits is linked with others that do. */
export interface Waiting {
  /** By the monotonic clock, ms. */
  dueAt: number
  before: Waiting | undefined
  after: Waiting | undefined
  onDue(): void
}

/** How late a deadline may be noticed. */
const lookMs = 20

/**
 * The deadlines of all calls of a thread, looked at together: a timer for each would be set and cleared at every call,
 * and hardly ever end. Nobody is told before its time.
 *
 * They are a list of links, and not a Set: that grows new tables while calls come and go, the old ones point to the new,
 * and V8 took what they had once held for alive.
 */
const first: Waiting = { dueAt: 0, before: undefined, after: undefined, onDue: () => {} }
let looking: NodeJS.Timeout | undefined

export function startWaiting(one: Waiting): void {
  const next = first.after
  one.before = first
  one.after = next
  first.after = one
  if (next) next.before = one
  looking ??= setInterval(look, lookMs)
}

export function stopWaiting(one: Waiting): void {
  const { before, after } = one
  if (!before) return
  before.after = after
  if (after) after.before = before
  one.before = undefined
  one.after = undefined
}

function look(): void {
  if (!first.after) {
    clearInterval(looking)
    looking = undefined
    return
  }
  const now = performance.now()
  for (let one: Waiting | undefined = first.after; one; ) {
    const next: Waiting | undefined = one.after
    if (now >= one.dueAt) {
      stopWaiting(one)
      one.onDue()
    }
    one = next
  }
}
