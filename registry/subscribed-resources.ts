import { activeSubscriptions } from './active-subscriptions.ts'
import type { Routing } from './model.ts'
import { guarded } from './redis.ts'
import { resourcesOf } from './resources.ts'
import type { Registry } from './store.ts'

/**
 * The addresses of the published versions that an application is subscribed to: the resources that its tokens may be
 * for. Two round trips; asked for only when a client names one.
 *
 * @throws Problem store-unavailable
 */
export async function findResources(
  r: Registry,
  applicationId: string,
  publicUrl: string,
): Promise<string[]> {
  const [ids, json] = await Promise.all([
    guarded(r.redis.zrange(r.keys.children(applicationId, 'subscription'), 0, '-1')),
    guarded(r.redis.get(r.keys.publishedRoutings())),
  ])
  const published: Record<string, Routing> = json === null ? {} : JSON.parse(json)
  const subscriptions = await activeSubscriptions(r, ids)
  const found = subscriptions.flatMap(({ versionId }) => {
    const routing = published[versionId]
    return routing ? resourcesOf(routing, publicUrl) : []
  })
  return [...new Set(found)]
}
