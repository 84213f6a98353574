import { problem } from '../base/problem.ts'
import { kinds } from '../kinds.ts'
import type { Plan, PublishedApi, PublishedVersion, Snapshot, Subscription } from '../model.ts'
import { currentNumber, loadSnapshot } from '../snapshot-store.ts'
import { allIds, findMany, type Registry, type Stored } from '../store.ts'

/** A published version that a partner may see, as it is served. */
export interface Offer {
  readonly api: Omit<PublishedApi, 'versions'>
  readonly version: PublishedVersion
  readonly plans: readonly Plan[]
}

/** Snapshots never change, and one may be megabytes: the last that was asked for is kept parsed. */
const parsed = new WeakMap<Registry, Snapshot>()

async function publishedNow(r: Registry): Promise<Snapshot> {
  const number = await currentNumber(r)
  const kept = parsed.get(r)
  if (kept?.number === number) return kept
  const snapshot = await loadSnapshot(r, number)
  if (!snapshot) throw problem('internal', { note: `the current snapshot ${number} is missing in Redis` })
  parsed.set(r, snapshot)
  return snapshot
}

/**
 * All that a partner may see: what is listed, and what one of its applications has a subscription to.
 *
 * @throws Problem store-unavailable
 */
export async function offersTo(r: Registry, partnerId: string): Promise<Offer[]> {
  const snapshot = await publishedNow(r)
  const hidden = snapshot.apis.filter((api) => !api.isListed)
  const subscribed =
    hidden.length === 0
      ? new Set<string>()
      : new Set((await subscriptionsOfPartner(r, partnerId)).map(({ value }) => value.versionId))
  return snapshot.apis.flatMap(({ versions, ...api }) =>
    versions
      .filter((version) => api.isListed || subscribed.has(version.id))
      .map((version) => ({
        api,
        version,
        plans: snapshot.plans.filter((plan) => version.plans.includes(plan.id)),
      })),
  )
}

/** One of them, by the id of the version. @throws Problem not-found, store-unavailable */
export async function offerTo(r: Registry, partnerId: string, versionId: string): Promise<Offer> {
  const offer = (await offersTo(r, partnerId)).find(({ version }) => version.id === versionId)
  if (!offer) throw problem('not-found', { detail: `There is no version "${versionId}".` })
  return offer
}

/** All subscriptions of all applications of a partner, oldest application first. @throws Problem store-unavailable */
export async function subscriptionsOfPartner(
  r: Registry,
  partnerId: string,
): Promise<Stored<Subscription>[]> {
  const applications = await allIds(r, kinds.application, partnerId)
  const ids = await Promise.all(applications.map((id) => allIds(r, kinds.subscription, id)))
  const found = await findMany(r, kinds.subscription, ids.flat())
  return found.filter((one) => one !== undefined)
}
