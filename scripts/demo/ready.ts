import { setTimeout as wait } from 'node:timers/promises'
import { SetupFault } from '../setup.mjs'

const everyMs = 50

/**
 * Waits until a condition holds; a throwing one counts as not yet.
 * @throws SetupFault with the last failure when it does not hold in time
 */
export async function untilReady(
  what: string,
  condition: () => Promise<boolean>,
  withinMs = 30_000,
): Promise<void> {
  const end = Date.now() + withinMs
  let last = 'it gave no answer'
  while (Date.now() < end) {
    try {
      if (await condition()) return
    } catch (error) {
      last = (error as Error).message
    }
    await wait(everyMs)
  }
  throw new SetupFault(`${what} was not ready within ${withinMs / 1000} s: ${last}`)
}

/** Whether an address answers 200. */
export async function answersOk(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
  await response.arrayBuffer()
  return response.status === 200
}
