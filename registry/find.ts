import { headOf } from './base/secrets.ts'
import { type KeptRecord, type Kind, kinds } from './kinds.ts'
import { offersTo } from './portal/offers.ts'
import { guarded } from './redis.ts'
import { findMany, list, type Registry } from './store.ts'

/** Something that a text leads to, and what it belongs to. */
export interface Found {
  readonly kind: FoundKind
  readonly id: string
  /** What people call it; '' where it has neither title nor name. */
  readonly title: string
  readonly apiId: string | null
  readonly partnerId: string | null
  readonly applicationId: string | null
}

export const foundKinds = [
  'api',
  'version',
  'upstream',
  'plan',
  'partner',
  'application',
  'credential',
  'subscription',
] as const
export type FoundKind = (typeof foundKinds)[number]

/** Of one kind: who sees more has to say more. */
const most = 5
const sought: readonly Kind<KeptRecord>[] = foundKinds.map((kind) => kinds[kind] as Kind<KeptRecord>)

/**
 * What has this text as the beginning of its id, as the beginning of one of its secrets (prefix and four letters, as in
 * hints), or in its name or title.
 *
 * @throws Problem store-unavailable
 */
export async function findByText(r: Registry, text: string): Promise<Found[]> {
  const named = [kinds.api, kinds.upstream, kinds.plan, kinds.partner, kinds.application]
  const lists = await Promise.all([
    byId(r, text),
    bySecret(r, text),
    ...named.map((kind) => byName(r, kind as Kind<KeptRecord>, text)),
  ])
  return withoutRepeats(lists.flat())
}

/** The same among what belongs to a partner, and the versions that it may see. @throws Problem store-unavailable */
export async function findOwnByText(r: Registry, partnerId: string, text: string): Promise<Found[]> {
  const isOwn = (found: Found) => found.partnerId === partnerId
  const [ids, secrets, applications, versions] = await Promise.all([
    byId(r, text),
    bySecret(r, text),
    byName(r, kinds.application as Kind<KeptRecord>, text, partnerId),
    amongOffers(r, partnerId, text),
  ])
  return withoutRepeats([...ids.filter(isOwn), ...secrets.filter(isOwn), ...applications, ...versions])
}

async function byId(r: Registry, text: string): Promise<Found[]> {
  const kind = sought.find(({ prefix }) => text.startsWith(`${prefix}_`))
  if (!kind) return []
  const index = r.keys.index(kind.noun)
  const ids = await guarded(r.redis.zrangebylex(index, `[${text}`, `[${text}~`, 'LIMIT', 0, most))
  const records = await findMany(r, kind, ids)
  return records.filter((stored) => stored !== undefined).map(({ value }) => view(kind, value))
}

async function bySecret(r: Registry, text: string): Promise<Found[]> {
  const mark = headOf(text)
  if (mark === '') return []
  const { items } = await list(r, kinds.credential, { mark, limit: most })
  return items.map(({ value }) => view(kinds.credential as Kind<KeptRecord>, value))
}

async function byName(r: Registry, kind: Kind<KeptRecord>, text: string, parentId?: string) {
  const { items } = await list(r, kind, { search: text, limit: most }, parentId)
  return items.map(({ value }) => view(kind, value))
}

async function amongOffers(r: Registry, partnerId: string, text: string): Promise<Found[]> {
  const wanted = text.toLowerCase()
  const offers = await offersTo(r, partnerId)
  return offers
    .map(({ api, version }) => ({
      says: `${api.name}\n${api.title} ${version.name}\n${version.id}`.toLowerCase(),
      found: {
        kind: 'version' as const,
        id: version.id,
        title: `${api.title} ${version.name}`,
        apiId: api.id,
        partnerId: null,
        applicationId: null,
      },
    }))
    .filter(({ says }) => says.includes(wanted))
    .slice(0, most)
    .map(({ found }) => found)
}

function view({ noun }: Kind<KeptRecord>, value: KeptRecord): Found {
  const { title, name, apiId, partnerId, applicationId } = value as KeptRecord &
    Partial<Record<'title' | 'name' | 'apiId' | 'partnerId' | 'applicationId', string>>
  return {
    kind: noun as FoundKind,
    id: value.id,
    title: title || name || '',
    apiId: apiId ?? null,
    partnerId: partnerId ?? null,
    applicationId: applicationId ?? null,
  }
}

function withoutRepeats(found: readonly Found[]): Found[] {
  return [...new Map(found.map((one) => [one.id, one])).values()]
}
