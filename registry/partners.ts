import type { z } from 'zod'
import { commit, requireMatch, retried } from './commit.ts'
import { kinds } from './kinds.ts'
import { type Partner, PartnerInput } from './model.ts'
import { insertion, kept, removal, replacement } from './records.ts'
import {
  type Actor,
  getByName,
  type ListOptions,
  list,
  type Page,
  parseInput,
  type Registry,
  type Stored,
} from './store.ts'

export * from './applications.ts'
export * from './subscriptions.ts'

type Given = z.input<typeof PartnerInput>

/** Lets an organisation in. @throws Problem input-invalid, name-taken, store-unavailable */
export async function createPartner(r: Registry, actor: Actor, input: Given): Promise<Stored<Partner>> {
  const partner = { ...kept(r, kinds.partner), ...parseInput(PartnerInput, input) }
  const { stored, ...steps } = insertion(r, kinds.partner, partner)
  await commit(r, actor, steps)
  return stored
}

/** @throws Problem not-found, store-unavailable */
export async function getPartner(r: Registry, idOrName: string): Promise<Stored<Partner>> {
  return getByName(r, kinds.partner, idOrName)
}

/** One page of all partners, oldest first. @throws Problem store-unavailable */
export async function listPartners(r: Registry, options?: ListOptions<Partner>): Promise<Page<Partner>> {
  return list(r, kinds.partner, options)
}

/**
 * Replaces a partner’s fields. Suspending it is heard by all gateways at once.
 *
 * @throws Problem not-found, precondition-failed, input-invalid, name-taken, store-unavailable
 */
export async function updatePartner(
  r: Registry,
  actor: Actor,
  id: string,
  input: Given,
  ifMatch?: string,
): Promise<Stored<Partner>> {
  const fields = parseInput(PartnerInput, input)
  return retried(async () => {
    const before = await getPartner(r, id)
    requireMatch(ifMatch, before.etag)
    const { stored, ...steps } = replacement(r, kinds.partner, before, { ...before.value, ...fields })
    await commit(r, actor, { ...steps, events: [{ kind: 'identity', partnerId: before.value.id }] })
    return stored
  })
}

/**
 * Deletes a partner.
 *
 * @throws Problem `state-conflict` while it has applications
 * @throws Problem not-found, precondition-failed, store-unavailable
 */
export async function deletePartner(r: Registry, actor: Actor, id: string, ifMatch?: string): Promise<void> {
  await retried(async () => {
    const current = await getPartner(r, id)
    requireMatch(ifMatch, current.etag)
    await commit(r, actor, {
      ...removal(r, kinds.partner, current),
      events: [{ kind: 'identity', partnerId: current.value.id }],
    })
  })
}
