import { problem } from './base/problem.ts'
import { guarded } from './redis.ts'
import type { Registry } from './store.ts'

/**
 * Sorted sets of what ends by itself, members by when they end (ms since the epoch): an application's tokens and
 * families. They may be long, so they are read in steps from a place on; a place is told as `<end>-<member>`.
 */
export interface Place {
  readonly endsAt: number
  readonly member: string
}

const step = 200

/** @throws Problem input-invalid for what is no place */
export function readPlace(text: string, pointer = '/after'): Place {
  const [, end, member] = /^(\d{1,16})-([A-Za-z0-9_-]{1,64})$/.exec(text) ?? []
  if (end === undefined || member === undefined)
    throw problem('input-invalid', { errors: [{ pointer, detail: 'is no `next` of such a list' }] })
  return { endsAt: Number(end), member }
}

/**
 * Members that have not ended, in order, after a place, step by step. What has ended is taken away first.
 *
 * @param place.member the member, or the beginning of it: those that begin with it are left out, too
 */
export async function* membersAfter(r: Registry, index: string, place?: Place): AsyncGenerator<Place[]> {
  const now = r.now()
  await guarded(r.redis.zremrangebyscore(index, '-inf', now))
  let from = place
  let offset = 0 // into the members that end at the very same moment
  for (;;) {
    const least = Math.max(from?.endsAt ?? 0, now)
    const flat = await guarded(
      r.redis.zrangebyscore(index, least, '+inf', 'WITHSCORES', 'LIMIT', offset, step),
    )
    const found: Place[] = []
    for (let i = 0; i < flat.length; i += 2) found.push({ member: flat[i]!, endsAt: Number(flat[i + 1]) })
    const fresh = found.filter((one) => !isUpTo(one, from))
    if (fresh.length > 0) yield fresh
    const last = found.at(-1)
    if (found.length < step || last === undefined) return
    // A step over members of one moment only gets on by counting; every other one by the moment it has come to.
    offset = last.endsAt === least ? offset + found.length : 0
    if (fresh.length > 0) from = last // else the place lies further on
  }
}

function isUpTo({ endsAt, member }: Place, place: Place | undefined): boolean {
  if (place === undefined || endsAt > place.endsAt) return false
  return endsAt < place.endsAt || member <= place.member || member.startsWith(place.member)
}
