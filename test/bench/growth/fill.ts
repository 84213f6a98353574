import { createApi, createVersion } from '../../../registry/apis.ts'
import { createCredential } from '../../../registry/credentials.ts'
import { announce } from '../../../registry/events.ts'
import {
  ApiInput,
  ApplicationInput,
  CredentialInput,
  type Operation,
  PartnerInput,
  type PublishedApi,
  Snapshot,
  SubscriptionInput,
  UpstreamInput,
  VersionInput,
} from '../../../registry/model.ts'
import { createApplication, createPartner, createSubscription } from '../../../registry/partners.ts'
import { emptySnapshot } from '../../../registry/snapshot.ts'
import type { Registry } from '../../../registry/store.ts'
import { createUpstream } from '../../../registry/upstreams.ts'
import { tester } from '../../support/platform.ts'

/** Everything on, as in the bench of a call: least-connections, and a limit so high that it only counts. */
const policies = { 'rate-limit': { limit: 1_000_000_000, windowSeconds: 60 } }

/** An API with its upstream, as it is published. */
export interface Filled {
  readonly api: PublishedApi
  readonly upstream: Snapshot['upstreams'][number]
}

/** Registers an API, and describes so many operations as an import would: reading as large a document takes a minute. */
export async function fillApi(
  registry: Registry,
  name: string,
  routes: number,
  targetUrls: readonly string[],
): Promise<Filled> {
  const targets = targetUrls.map((url, i) => ({ id: `t${i + 1}`, url }))
  const upstream = await createUpstream(
    registry,
    tester,
    UpstreamInput.parse({ name: `${name}-service`, strategy: 'least-connections', targets }),
  )
  const api = await createApi(registry, tester, ApiInput.parse({ name, title: name, policies }))
  const version = await createVersion(
    registry,
    tester,
    api.value.id,
    VersionInput.parse({
      name: 'v1',
      routing: { by: 'path', basePath: `/${name}/v1` },
      upstreams: { live: upstream.value.id },
    }),
  )
  const operations = Array.from({ length: routes }, (_, i) => operation(i))
  const published = { ...version.value, revision: 1, sha256: '', scopes: ['things:read'], routes: operations }
  return {
    api: { ...api.value, versions: [published] },
    upstream: { ...upstream.value, sealedCredential: null },
  }
}

const operation = (i: number): Operation => ({
  id: `balanceOfThing${i}`,
  method: 'GET',
  path: `/things-${i}/{id}/balance`,
  summary: `The balance of thing ${i}`,
  tags: ['balances', `group-${i % 20}`],
  isDeprecated: false,
  scopes: [['things:read']],
  isAnonymous: false,
})

/**
 * The API before the upstream of another. Routes alone grow then: connections that are used in turn are slower than few
 * that are always busy.
 */
export function beforeUpstreamOf(one: Filled, { api }: Filled): Filled {
  const versions = api.versions.map((version) => ({ ...version, upstreams: { live: one.upstream.id } }))
  return { api: { ...api, versions }, upstream: one.upstream }
}

/** A path of the API, as a partner calls it. */
export const pathOf = ({ api }: Filled, route: number) =>
  `/${api.name}/v1/things-${route % api.versions[0]!.routes.length}/id-${route}/balance`

let numbers = 0

/** Stores a snapshot of these, and no others, and makes it the current one. @returns its number */
export async function bringIn(registry: Registry, filled: readonly Filled[]): Promise<number> {
  const number = ++numbers
  const snapshot = Snapshot.parse({
    ...emptySnapshot,
    number,
    createdAt: Date.now(),
    apis: filled.map(({ api }) => api),
    upstreams: [...new Set(filled.map(({ upstream }) => upstream))],
  })
  await registry.redis.set(registry.keys.snapshot(number), JSON.stringify(snapshot))
  await turnTo(registry, number)
  return number
}

/** Makes an earlier snapshot the current one. */
export async function turnTo(registry: Registry, number: number): Promise<void> {
  await registry.redis.set(registry.keys.currentSnapshot(), String(number))
  await announce(registry, { kind: 'snapshot', number })
}

/** API keys of one application each, which may call these APIs. */
export async function fillKeys(
  registry: Registry,
  partnerName: string,
  count: number,
  filled: readonly Filled[],
): Promise<string[]> {
  const partner = await createPartner(
    registry,
    tester,
    PartnerInput.parse({ name: partnerName, title: partnerName }),
  )
  const till = ApplicationInput.parse({ name: 'till', title: 'Till' })
  const application = await createApplication(registry, tester, partner.value.id, till)
  for (const { api } of filled) {
    const wanted = SubscriptionInput.parse({ versionId: api.versions[0]!.id, scopes: null })
    await createSubscription(registry, tester, application.value.id, wanted)
  }
  const input = CredentialInput.parse({ kind: 'api-key', environment: 'live' })
  const made = await Promise.all(
    Array.from({ length: count }, () => createCredential(registry, tester, application.value.id, input)),
  )
  return made.map(({ secret }) => secret)
}
