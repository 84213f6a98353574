import type { Config } from '../../../registry/base/config.ts'
import { kinds } from '../../../registry/kinds.ts'
import type { Plan, Subscription } from '../../../registry/model.ts'
import { type Offer, offersTo, subscriptionsOfPartner } from '../../../registry/portal/offers.ts'
import { resourcesOf } from '../../../registry/resources.ts'
import { findMany, type Registry, type Stored } from '../../../registry/store.ts'
import type { PlanLimit } from './schemas.ts'

/** Where partners reach the gateway, as far as the admin service knows. */
export const gatewayUrlOf = (config: Config): string =>
  config.GATEWAY_PUBLIC_URL ?? config.ADMIN_GATEWAY_URL ?? `http://localhost:${config.GATEWAY_PORT}`

const nameOf = ({ api, version }: Offer) => ({
  id: version.id,
  name: version.name,
  apiId: api.id,
  apiName: api.name,
  apiTitle: api.title,
})

/** Versions that a partner may see, each with what it has of it. */
export async function catalogView(registry: Registry, partnerId: string, config: Config) {
  const [offers, subscriptions] = await Promise.all([
    offersTo(registry, partnerId),
    subscriptionsOfPartner(registry, partnerId),
  ])
  return offers.map((offer) => ({
    ...nameOf(offer),
    title: offer.version.title,
    description: offer.api.description,
    labels: offer.api.labels,
    addresses: resourcesOf(offer.version.routing, gatewayUrlOf(config)),
    versionHeader: versionHeaderOf(offer),
    environments: (['sandbox', 'live'] as const).filter(
      (name) => offer.version.upstreams[name] !== undefined,
    ),
    operations: offer.version.routes.length,
    scopes: offer.version.scopes,
    plans: offer.plans.map(({ id, name, title, description, priceLabel, approval, policies }) => ({
      ...{ id, name, title, description, priceLabel, approval },
      limits: limitsOf(policies),
    })),
    subscriptions: subscriptions
      .filter(({ value }) => value.versionId === offer.version.id)
      .map(({ value: { id, applicationId, planId, state } }) => ({ id, applicationId, planId, state })),
  }))
}

function versionHeaderOf({ version: { routing } }: Offer) {
  return routing.by === 'header' ? { name: routing.header, value: routing.value } : null
}

/** Those limits that can be said in a line; what counts by parts of a call is left to the description. */
function limitsOf(policies: Plan['policies']): PlanLimit[] {
  const names = ['rate-limit', 'quota', 'concurrency'] as const
  return names.flatMap((policy) => {
    const config = policies[policy] as Partial<PlanLimit> & { per?: unknown }
    if (typeof config?.limit !== 'number' || typeof config.per === 'object') return []
    return [
      {
        policy,
        limit: config.limit,
        windowSeconds: policy === 'rate-limit' ? (config.windowSeconds ?? 60) : null,
        period: policy === 'quota' ? (config.period ?? 'day') : null,
      },
    ]
  })
}

/** A view of subscriptions of one partner, with the names of what they are for, looked up together. */
export async function subscriptionViewer(
  registry: Registry,
  partnerId: string,
  items: readonly Stored<Subscription>[],
) {
  const unique = (ids: readonly (string | null)[]) => [...new Set(ids)].filter((id) => id !== null)
  const [offers, plans, applications] = await Promise.all([
    offersTo(registry, partnerId),
    findMany(registry, kinds.plan, unique(items.map(({ value }) => value.planId))),
    findMany(registry, kinds.application, unique(items.map(({ value }) => value.applicationId))),
  ])
  return (value: Subscription) => {
    const offer = offers.find(({ version }) => version.id === value.versionId)
    const plan = plans.find((one) => one?.value.id === value.planId)?.value
    const application = applications.find((one) => one?.value.id === value.applicationId)?.value
    return {
      ...value,
      application: { id: value.applicationId, title: application?.title ?? '' },
      version: offer ? nameOf(offer) : null,
      plan: plan ? { id: plan.id, name: plan.name, title: plan.title } : null,
    }
  }
}
