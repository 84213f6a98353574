import { lastUsed } from '../credentials.ts'
import { kinds } from '../kinds.ts'
import type { Application, Credential, Subscription } from '../model.ts'
import { allIds, findMany, type Registry } from '../store.ts'
import { subscriptionsOfPartner } from './offers.ts'

/** What a partner should know of, or do something about. */
export interface Notice {
  readonly kind:
    | 'credential-expires'
    | 'secret-retires'
    | 'subscription-pending'
    | 'subscription-declined'
    | 'key-to-make'
    | 'application-suspended'
  readonly isUrgent: boolean
  /** When it happened or will happen, in ms since the epoch. */
  readonly at: number
  readonly applicationId: string
  readonly applicationTitle: string
  readonly credentialId: string | null
  readonly secretId: string | null
  readonly hint: string | null
  readonly lastUsedAt: number | null
  readonly versionId: string | null
  readonly reason: string | null
}

const dayMs = 86_400_000
const soonMs = 14 * dayMs
const urgentMs = 3 * dayMs
const toldMs = 30 * dayMs

/** All credentials of a partner, oldest application first. @throws Problem store-unavailable */
export async function credentialsOfPartner(r: Registry, partnerId: string) {
  const applications = await allIds(r, kinds.application, partnerId)
  const ids = await Promise.all(applications.map((id) => allIds(r, kinds.credential, id)))
  return (await findMany(r, kinds.credential, ids.flat())).filter((one) => one !== undefined)
}

/** Urgent ones first, then by when they happen. @throws Problem store-unavailable */
export async function noticesFor(r: Registry, partnerId: string): Promise<Notice[]> {
  const [applications, credentials, subscriptions] = await Promise.all([
    allIds(r, kinds.application, partnerId).then((ids) => findMany(r, kinds.application, ids)),
    credentialsOfPartner(r, partnerId),
    subscriptionsOfPartner(r, partnerId),
  ])
  const secretIds = credentials.flatMap(({ value }) => value.secrets.map(({ id }) => id))
  const used = await lastUsed(r, secretIds)
  const now = r.now()
  const notices = applications.flatMap((stored) => {
    if (!stored) return []
    const application = stored.value
    const its = <T extends { applicationId: string }>(all: readonly { value: T }[]) =>
      all.map(({ value }) => value).filter(({ applicationId }) => applicationId === application.id)
    const keys = its(credentials).filter((one) => one.revokedAt === null && !isPast(one.expiresAt, now))
    return [
      ...(application.isSuspended
        ? [notice(application, 'application-suspended', application.updatedAt, true)]
        : []),
      ...keys.flatMap((key) => ofCredential(application, key, used, now)),
      ...its(subscriptions).flatMap((one) => ofSubscription(application, one, keys.length > 0, now)),
    ]
  })
  return notices.sort((a, b) => Number(b.isUrgent) - Number(a.isUrgent) || a.at - b.at)
}

function ofCredential(
  application: Application,
  credential: Credential,
  used: ReadonlyMap<string, number>,
  now: number,
): Notice[] {
  const found: Notice[] = []
  const { id: credentialId, expiresAt } = credential
  if (expiresAt !== null && expiresAt - now < soonMs)
    found.push({
      ...notice(application, 'credential-expires', expiresAt, expiresAt - now < urgentMs),
      credentialId,
      hint: credential.secrets[0]?.hint ?? null,
    })
  for (const { id: secretId, hint, expiresAt: end } of credential.secrets) {
    if (end === null || end <= now) continue
    const lastUsedAt = used.get(secretId) ?? null
    // An older secret that is still shown with calls is what breaks when it ends.
    const isInUse = lastUsedAt !== null && now - lastUsedAt < dayMs
    const notYet = notice(application, 'secret-retires', end, isInUse && end - now < urgentMs)
    found.push({ ...notYet, credentialId, secretId, hint, lastUsedAt })
  }
  return found
}

function ofSubscription(
  application: Application,
  { state, request, decision, versionId }: Subscription,
  hasKey: boolean,
  now: number,
): Notice[] {
  if (state === 'pending')
    return [{ ...notice(application, 'subscription-pending', request?.at ?? now), versionId }]
  if (state === 'declined' && decision && now - decision.at < toldMs)
    return [
      {
        ...notice(application, 'subscription-declined', decision.at),
        versionId,
        reason: decision.reason || null,
      },
    ]
  if (state === 'active' && !hasKey)
    return [{ ...notice(application, 'key-to-make', decision?.at ?? now), versionId }]
  return []
}

function notice(application: Application, kind: Notice['kind'], at: number, isUrgent = false): Notice {
  return {
    kind,
    isUrgent,
    at,
    applicationId: application.id,
    applicationTitle: application.title,
    credentialId: null,
    secretId: null,
    hint: null,
    lastUsedAt: null,
    versionId: null,
    reason: null,
  }
}

const isPast = (end: number | null, now: number) => end !== null && end <= now
