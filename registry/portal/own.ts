import { type KeptRecord, type Kind, kinds } from '../kinds.ts'
import type { Application, Credential, Subscription } from '../model.ts'
import { find, notFound, type Registry, type Stored } from '../store.ts'

/**
 * What belongs to a partner, by id. Of another one's nothing is told, not even that it exists: the answer is the same
 * as for an id that leads nowhere.
 */
async function own<T extends KeptRecord & { readonly partnerId: string }>(
  r: Registry,
  kind: Kind<T>,
  partnerId: string,
  id: string,
): Promise<Stored<T>> {
  const stored = await find(r, kind, id)
  if (stored?.value.partnerId !== partnerId) throw notFound(kind, id)
  return stored
}

/** @throws Problem not-found, store-unavailable */
export const ownApplication = (r: Registry, partnerId: string, id: string): Promise<Stored<Application>> =>
  own(r, kinds.application, partnerId, id)

/** @throws Problem not-found, store-unavailable */
export const ownCredential = (r: Registry, partnerId: string, id: string): Promise<Stored<Credential>> =>
  own(r, kinds.credential, partnerId, id)

/** @throws Problem not-found, store-unavailable */
export const ownSubscription = (r: Registry, partnerId: string, id: string): Promise<Stored<Subscription>> =>
  own(r, kinds.subscription, partnerId, id)
