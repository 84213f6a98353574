import { activeSubscriptions } from './active-subscriptions.ts'
import { kinds } from './kinds.ts'
import { guarded } from './redis.ts'
import { allIds, find, findByName, type Registry } from './store.ts'

/** What people are told of an OAuth client. */
export interface ClientDescription {
  readonly application: string
  readonly partner: string
  /** Scope -> what the published documents say of it; a scope that none describes is missing. */
  readonly scopes: ReadonlyMap<string, string>
}

/** @returns undefined when there is no such client. @throws Problem store-unavailable */
export async function describeClient(r: Registry, clientId: string): Promise<ClientDescription | undefined> {
  const credential = await find(r, kinds.credential, clientId)
  if (credential?.value.kind !== 'oauth-client') return undefined
  const { applicationId, partnerId } = credential.value
  const [application, partner, subscriptions] = await Promise.all([
    find(r, kinds.application, applicationId),
    find(r, kinds.partner, partnerId),
    allIds(r, kinds.subscription, applicationId).then((ids) => activeSubscriptions(r, ids)),
  ])
  if (!application || !partner) return undefined
  const versionIds = subscriptions.map(({ versionId }) => versionId)
  return {
    application: application.value.title,
    partner: partner.value.title,
    scopes: await scopesOf(r, versionIds),
  }
}

async function scopesOf(r: Registry, versionIds: readonly string[]): Promise<Map<string, string>> {
  const json = await guarded(r.redis.get(r.keys.publishedRevisions()))
  const published: Record<string, number> = json === null ? {} : JSON.parse(json)
  const described = new Map<string, string>()
  for (const versionId of versionIds) {
    const number = published[versionId]
    const revision = number && (await findByName(r, kinds.revision, String(number), versionId))
    for (const [scope, text] of Object.entries(revision ? revision.value.document.scopes : {}))
      if (text && !described.has(scope)) described.set(scope, text)
  }
  return described
}
