import { getApi, getRevision, getVersion } from '../registry/apis.ts'
import { problem } from '../registry/base/problem.ts'
import type { Operation, Version } from '../registry/model.ts'
import { offerTo } from '../registry/portal/offers.ts'
import { requiredScopes } from '../registry/routes.ts'
import type { Registry } from '../registry/store.ts'

/** What the pages of a version are about, and the calls that are tried from them. */
export interface Documented {
  readonly version: Pick<Version, 'id' | 'name' | 'routing' | 'revision'>
  readonly api: { readonly id: string; readonly name: string; readonly title: string }
  readonly sha256: string
  readonly operations: readonly Operation[]
}

/** The current revision of a version, published or not. @throws Problem not-found, store-unavailable */
export async function findDraft(registry: Registry, id: string): Promise<Documented> {
  const { value: version } = await getVersion(registry, id)
  if (version.revision === 0)
    throw problem('not-found', { detail: 'The version has no document yet: import one.' })
  const [revision, api] = await Promise.all([
    getRevision(registry, id, version.revision),
    getApi(registry, version.apiId),
  ])
  const { sha256, operations } = revision.value.document
  return { version, api: api.value, sha256, operations: withScopes(operations, version) }
}

/** A version as it is published, for a partner that may see it. @throws Problem not-found, store-unavailable */
export async function findOffer(registry: Registry, partnerId: string, id: string): Promise<Documented> {
  const { version, api } = await offerTo(registry, partnerId, id)
  return { version, api, sha256: version.sha256, operations: withScopes(version.routes, version) }
}

/** Operations with the scopes that the gateway asks for, which may be others than those of the document. */
function withScopes(operations: readonly Operation[], version: Pick<Version, 'operations'>): Operation[] {
  return operations.map((operation) => {
    const scopes = requiredScopes(operation, version.operations[operation.id])
    return { ...operation, scopes: scopes.map((list) => [...list]) }
  })
}
