import { setTimeout as wait } from 'node:timers/promises'

/**
 * Waits until a condition holds and returns its value. A throwing condition counts as not yet.
 * @throws Error with the last failure when it does not hold in time
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 5_000, everyMs = 10 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const end = Date.now() + timeoutMs
  let last: unknown = 'it never held'
  for (;;) {
    try {
      const value = await condition()
      if (value !== false && value !== undefined && value !== null)
        return value as NonNullable<Exclude<T, false>>
    } catch (error) {
      last = error
    }
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${condition}`, { cause: last })
    await wait(everyMs)
  }
}
