import { hashSecret } from './base/secrets.ts'
import { guarded } from './redis.ts'
import type { Registry } from './store.ts'
import { findFamily } from './token-families.ts'

/**
 * Which of the payments that a person has allowed were made: a mark for each, as long as the authorization lives. All its
 * tokens, refreshed ones too, share it.
 */

/**
 * Marks one as made: of any number of calls at the same time one gets it.
 *
 * @param by names the call, for `giveBackDetail`; a name that nobody can guess
 * @returns 'used' when it was made before, 'ended' when what the person allowed has ended
 * @throws Problem store-unavailable; whatever was marked nevertheless is given back where that is possible
 */
export async function takeDetail(
  r: Registry,
  familyId: string,
  index: number,
  by: string,
): Promise<'taken' | 'used' | 'ended'> {
  const family = await findFamily(r, familyId)
  if (family === undefined) return 'ended'
  const lifetimeMs = Math.max(1, family.expiresAt - r.now())
  try {
    const answer = await guarded(r.redis.set(keyOf(r, familyId, index), by, 'PX', lifetimeMs, 'NX'))
    return answer === 'OK' ? 'taken' : 'used'
  } catch (error) {
    // It may have been marked, and only the answer have been lost: nobody would give it back any more.
    giveBackDetail(r, familyId, index, by).catch(() => {})
    throw error
  }
}

/** Takes the mark of a call away, which came to nothing; of no other call. @throws Problem store-unavailable */
export async function giveBackDetail(
  r: Registry,
  familyId: string,
  index: number,
  by: string,
): Promise<void> {
  await guarded(r.redis.deleteIfEquals(1, keyOf(r, familyId, index), by))
}

const keyOf = (r: Registry, familyId: string, index: number) =>
  r.keys.once(
    'authorization-details',
    hashSecret(r.secrets.hashKey, `authorization-details ${familyId} ${index}`),
  )
