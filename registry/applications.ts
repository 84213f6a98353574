import type { z } from 'zod'
import { commit, requireMatch, retried } from './commit.ts'
import { kinds } from './kinds.ts'
import { type Application, ApplicationInput } from './model.ts'
import { insertion, joined, kept, removal, replacement } from './records.ts'
import { forgetUses } from './secret-ends.ts'
import {
  type Actor,
  allIds,
  findMany,
  get,
  getByName,
  type ListOptions,
  list,
  type Page,
  parseInput,
  type Registry,
  type Stored,
} from './store.ts'

type Given = z.input<typeof ApplicationInput>

/**
 * Registers a partner’s program.
 *
 * @param partner its id or name
 * @throws Problem not-found, input-invalid, name-taken, store-unavailable
 */
export async function createApplication(
  r: Registry,
  actor: Actor,
  partner: string,
  input: Given,
): Promise<Stored<Application>> {
  const fields = parseInput(ApplicationInput, input)
  const { value } = await getByName(r, kinds.partner, partner)
  const application = { ...kept(r, kinds.application), ...fields, partnerId: value.id }
  const { stored, ...steps } = insertion(r, kinds.application, application)
  await commit(r, actor, steps)
  return stored
}

/** @throws Problem not-found, store-unavailable */
export async function getApplication(r: Registry, id: string): Promise<Stored<Application>> {
  return get(r, kinds.application, id)
}

/** One page of the applications of a partner, or of all, oldest first. @throws Problem store-unavailable */
export async function listApplications(
  r: Registry,
  partnerId?: string,
  options?: ListOptions<Application>,
): Promise<Page<Application>> {
  return list(r, kinds.application, options, partnerId)
}

/**
 * Replaces an application’s fields. Suspending it is heard by all gateways at once.
 *
 * @throws Problem not-found, precondition-failed, input-invalid, name-taken, store-unavailable
 */
export async function updateApplication(
  r: Registry,
  actor: Actor,
  id: string,
  input: Given,
  ifMatch?: string,
): Promise<Stored<Application>> {
  const fields = parseInput(ApplicationInput, input)
  return retried(async () => {
    const before = await getApplication(r, id)
    requireMatch(ifMatch, before.etag)
    const { stored, ...steps } = replacement(r, kinds.application, before, { ...before.value, ...fields })
    await commit(r, actor, { ...steps, events: [{ kind: 'identity', applicationId: id }] })
    return stored
  })
}

/**
 * Deletes an application with its credentials and subscriptions; its keys and tokens end at once.
 *
 * @throws Problem not-found, precondition-failed, store-unavailable
 */
export async function deleteApplication(
  r: Registry,
  actor: Actor,
  id: string,
  ifMatch?: string,
): Promise<void> {
  await retried(async () => {
    const current = await getApplication(r, id)
    requireMatch(ifMatch, current.etag)
    const credentials = (await findMany(r, kinds.credential, await allIds(r, kinds.credential, id))).filter(
      (c) => c !== undefined,
    )
    const subscriptions = (
      await findMany(r, kinds.subscription, await allIds(r, kinds.subscription, id))
    ).filter((s) => s !== undefined)
    const steps = joined(
      removal(r, kinds.application, current, {
        credential: credentials.length,
        subscription: subscriptions.length,
      }),
      ...credentials.map((credential) => removal(r, kinds.credential, credential)),
      ...subscriptions.map((subscription) => removal(r, kinds.subscription, subscription)),
    )
    await commit(r, actor, {
      ...steps,
      write: [
        ...steps.write,
        ['delete', r.keys.registrationTokens(id)],
        ...credentials.flatMap(({ value }) => [
          ['unfield', r.keys.lastUsed(), value.id] as const,
          ...forgetUses(r, value),
        ]),
      ],
      events: [{ kind: 'identity', applicationId: id }],
    })
  })
}
