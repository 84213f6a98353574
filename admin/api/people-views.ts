import { kinds } from '../../registry/kinds.ts'
import type { Partner } from '../../registry/model.ts'
import type { Membership, Person } from '../../registry/people-model.ts'
import { findMany, type Registry } from '../../registry/store.ts'

export async function partnersById(
  r: Registry,
  memberships: readonly Membership[],
): Promise<Map<string, Partner>> {
  const ids = [...new Set(memberships.map(({ partnerId }) => partnerId))]
  const found = await findMany(r, kinds.partner, ids)
  return new Map(found.flatMap((stored) => (stored ? [[stored.value.id, stored.value] as const] : [])))
}

/** A member as the other members of the partner see them: nothing of what they are elsewhere. */
export const asMember = (partnerId: string) => (person: Person) => ({
  id: person.id,
  name: person.name,
  email: person.email,
  role: person.memberships.find((one) => one.partnerId === partnerId)?.role ?? null,
  isSuspended: person.isSuspended,
  createdAt: person.createdAt,
})
