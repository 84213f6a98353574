import { z } from 'zod'
import type { PeopleDeps } from './deps.ts'
import type { Visit } from './visit.ts'

/** A sign-in that waits for a code. */
const Challenge = z.strictObject({
  prompt: z.string(),
  state: z.string(),
  /** Wrong codes count as wrong passwords of this name do. */
  userName: z.string(),
  triesLeft: z.int(),
  until: z.int(),
})
export type Challenge = z.infer<typeof Challenge>

const lifetimeMs = 5 * 60_000
const mostTries = 5

/** @throws Problem store-unavailable */
export async function keepChallenge(
  deps: PeopleDeps,
  { id }: Visit,
  given: Pick<Challenge, 'prompt' | 'state' | 'userName'>,
): Promise<void> {
  const challenge = { ...given, triesLeft: mostTries, until: deps.now() + lifetimeMs }
  await deps.once.keep('second-factor', id, Challenge.parse(challenge), lifetimeMs)
}

/** @returns undefined when none waits. @throws Problem store-unavailable */
export async function pendingChallenge(deps: PeopleDeps, { id }: Visit): Promise<Challenge | undefined> {
  const kept = await deps.once.peek('second-factor', id)
  return kept === undefined ? undefined : Challenge.parse(kept)
}

/** For one try: of two at the same moment one gets it. @throws Problem store-unavailable */
export async function takeChallenge(deps: PeopleDeps, { id }: Visit): Promise<Challenge | undefined> {
  const kept = await deps.once.take('second-factor', id)
  return kept === undefined ? undefined : Challenge.parse(kept)
}

/**
 * It may be tried again a few times.
 * @param wasWrong whether the code was, and not we
 * @returns false when that was the last time. @throws Problem store-unavailable
 */
export async function putBackChallenge(
  deps: PeopleDeps,
  { id }: Visit,
  challenge: Challenge,
  wasWrong: boolean,
): Promise<boolean> {
  const triesLeft = challenge.triesLeft - (wasWrong ? 1 : 0)
  const leftMs = challenge.until - deps.now()
  if (triesLeft <= 0 || leftMs <= 0) return false
  await deps.once.keep('second-factor', id, { ...challenge, triesLeft }, leftMs)
  return true
}
