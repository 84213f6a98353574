import { activeSubscriptions } from './active-subscriptions.ts'
import type { IdentityRecord } from './identities.ts'
import { kinds } from './kinds.ts'
import type { TokenGrant } from './model.ts'
import { allIds, find, type Registry } from './store.ts'

/**
 * Who an application is that another issuer's token speaks for: with its subscriptions, as if it had presented a
 * credential of ours.
 *
 * @param given what the token says; the partner is looked up. `scopes` null: it narrows nothing
 * @returns undefined when there is no such application, or it or its partner is suspended
 * @throws Problem store-unavailable
 */
export async function findIdentityOfApplication(
  r: Registry,
  given: Omit<TokenGrant, 'partnerId' | 'scopes'> & { readonly scopes: string[] | null },
): Promise<IdentityRecord | undefined> {
  const { applicationId, credentialId, environment, expiresAt } = given
  const [application, subscriptionIds] = await Promise.all([
    find(r, kinds.application, applicationId),
    allIds(r, kinds.subscription, applicationId),
  ])
  if (!application || application.value.isSuspended) return undefined
  const { partnerId } = application.value
  const [partner, subscriptions] = await Promise.all([
    find(r, kinds.partner, partnerId),
    activeSubscriptions(r, subscriptionIds),
  ])
  if (!partner || partner.value.isSuspended) return undefined
  return {
    partnerId,
    applicationId,
    credentialId,
    environment,
    secretId: null,
    kind: 'oauth-client',
    scopes: given.scopes,
    subscriptions: subscriptions.map(({ versionId, planId, scopes }) => ({ versionId, planId, scopes })),
    expiresAt,
    grant: { ...given, partnerId, scopes: given.scopes ?? [] },
  }
}
