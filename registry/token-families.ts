import { newId } from './base/ids.ts'
import { hashSecret } from './base/secrets.ts'
import { announce } from './events.ts'
import { membersAfter } from './expiry-index.ts'
import { TokenFamily } from './model.ts'
import { guarded } from './redis.ts'
import { parseStored, type Registry, replies } from './store.ts'

/**
 * Records what a person has allowed; tokens that name it live no longer than it does.
 *
 * @throws Problem store-unavailable; then no token may be given
 */
export async function openFamily(
  r: Registry,
  given: Omit<TokenFamily, 'id' | 'createdAt'> & { readonly id?: string },
): Promise<TokenFamily> {
  const createdAt = r.now()
  const family = TokenFamily.parse({ ...given, id: given.id ?? newId('fam'), createdAt })
  const index = r.keys.familiesOf(family.applicationId)
  // The index first: one that names nothing is seen through, a family that no list shows could not be ended.
  await guarded(r.redis.zadd(index, family.expiresAt, family.id))
  await guarded(r.redis.zremrangebyscore(index, '-inf', createdAt))
  const ofPerson = personKey(r, family.subject)
  await replies(
    r.redis
      .multi()
      .zadd(ofPerson, family.expiresAt, family.id)
      .zremrangebyscore(ofPerson, '-inf', createdAt)
      // NX for a new key, which GT would leave without an end.
      .pexpireat(ofPerson, family.expiresAt, 'NX')
      .pexpireat(ofPerson, family.expiresAt, 'GT')
      .exec(),
  )
  const lifetimeMs = Math.max(1, family.expiresAt - createdAt)
  await guarded(r.redis.set(r.keys.family(family.id), JSON.stringify(family), 'PX', lifetimeMs))
  return family
}

/** @returns undefined when it was revoked or has ended. @throws Problem store-unavailable */
export async function findFamily(r: Registry, id: string): Promise<TokenFamily | undefined> {
  const json = await guarded(r.redis.get(r.keys.family(id)))
  return json === null ? undefined : parseStored(TokenFamily, json, 'family')
}

/** Those of a person that live, newest end last. @throws Problem store-unavailable */
export async function listFamiliesOfPerson(r: Registry, subject: string): Promise<TokenFamily[]> {
  const ids = await guarded(r.redis.zrangebyscore(personKey(r, subject), r.now(), '+inf'))
  const found = await Promise.all(ids.map((id) => findFamily(r, id)))
  return found.filter((family) => family !== undefined)
}

const personKey = (r: Registry, subject: string) =>
  r.keys.familiesOfPerson(hashSecret(r.secrets.hashKey, `person ${subject}`))

/** Ends it with all its tokens, in all gateways at once. @throws Problem store-unavailable */
export async function revokeFamily(r: Registry, id: string): Promise<void> {
  // As with a single token: told before and after, since the two cannot be one step.
  const event = { kind: 'family', familyId: id } as const
  await announce(r, event)
  await guarded(r.redis.del(r.keys.family(id)))
  await announce(r, event)
}

/**
 * Ends what people have allowed a client up to its `tokensNotBefore`, after its caches were told (an `identity` event).
 * Those made since stay. Done again after a failure, it ends what is left.
 *
 * @throws Problem store-unavailable
 */
export async function endFamilies(
  r: Registry,
  client: { readonly id: string; readonly applicationId: string; readonly tokensNotBefore: number },
): Promise<void> {
  const index = r.keys.familiesOf(client.applicationId)
  for await (const places of membersAfter(r, index)) {
    const families = await Promise.all(places.map(({ member }) => findFamily(r, member)))
    const ended = families.flatMap((family) =>
      family?.credentialId === client.id && family.createdAt <= client.tokensNotBefore ? [family.id] : [],
    )
    await Promise.all(ended.map((id) => guarded(r.redis.del(r.keys.family(id)))))
    if (ended.length > 0) await guarded(r.redis.zrem(index, ...ended))
  }
}
