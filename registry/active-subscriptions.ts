import { kinds } from './kinds.ts'
import type { Subscription } from './model.ts'
import { findMany, type Registry } from './store.ts'

/**
 * The subscriptions of these ids that give a right to call: what waits for approval, or was declined, gives none.
 *
 * @throws Problem store-unavailable
 */
export async function activeSubscriptions(r: Registry, ids: readonly string[]): Promise<Subscription[]> {
  const found = await findMany(r, kinds.subscription, ids)
  return found.flatMap((stored) => (stored?.value.state === 'active' ? [stored.value] : []))
}
