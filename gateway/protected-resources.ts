import { authenticate } from '../policies/authenticate/index.ts'
import { effectiveConfig } from '../policies/index.ts'
import type { PublishedApi, PublishedVersion, Snapshot } from '../registry/model.ts'
import { signatureAlgorithms } from '../registry/oauth-keys.ts'
import { isHostOf, metadataAddressOf, resourceAt, withoutSlash } from '../registry/resources.ts'

/** The metadata of a protected resource (RFC 9728 §2), as JSON. */
export type ProtectedResourceMetadata = Readonly<Record<string, unknown>>

/** @returns undefined when there is no such resource, or it takes no access tokens */
export type FindProtectedResource = (host: string, path: string) => ProtectedResourceMetadata | undefined

export interface ProtectedResourceParts {
  /** In force; undefined before the first. */
  readonly snapshot: () => Snapshot | undefined
  /** What partners see before the path; the issuer of tokens, too. */
  readonly publicUrl: string
  /** Whether connections can prove certificates. */
  readonly takesCertificates: boolean
}

/**
 * Says of each published version what it is, who gives out tokens for it and how they are to be sent; and of the gateway as
 * a whole. Of the table in force; what is found by a path is worked out once per snapshot.
 */
export function createProtectedResources(parts: ProtectedResourceParts): FindProtectedResource {
  const { publicUrl } = parts
  let builtFor: Snapshot | undefined
  let byPath = new Map<string, Published[]>()

  function pathsOf(snapshot: Snapshot): Map<string, Published[]> {
    if (snapshot === builtFor) return byPath
    byPath = new Map()
    for (const api of snapshot.apis)
      for (const version of api.versions) {
        const path = new URL(metadataAddressOf(resourceAt(version.routing, publicUrl, anyHost))).pathname
        byPath.set(path, [...(byPath.get(path) ?? []), { api, version }])
      }
    builtFor = snapshot
    return byPath
  }

  return (host, path) => {
    const snapshot = parts.snapshot()
    if (!snapshot) return undefined
    const all = pathsOf(snapshot).get(path) ?? []
    const ofHost = all.filter(
      ({ version }) => version.routing.by === 'host' && isHostOf(host, version.routing),
    )
    // Versions that a header tells apart are one resource.
    const found = ofHost.length > 0 ? ofHost : all.filter(({ version }) => version.routing.by !== 'host')
    if (found.length > 0) return ofVersions(found, host, snapshot, parts)
    return path === new URL(metadataAddressOf(publicUrl)).pathname ? ofAll(snapshot, parts) : undefined
  }
}

/** Stands for whichever host it was called by: only the path is looked at. */
const anyHost = 'host.invalid'

interface Published {
  readonly api: PublishedApi
  readonly version: PublishedVersion
}

function ofVersions(
  published: readonly Published[],
  host: string,
  snapshot: Snapshot,
  parts: ProtectedResourceParts,
): ProtectedResourceMetadata | undefined {
  const all = published.flatMap((one) => {
    const authentication = authenticationOf(one, snapshot)
    return authentication?.methods.includes('bearer') ? [{ ...one, authentication }] : []
  })
  const [first] = all
  if (!first) return undefined
  const scopes = all.flatMap(({ version }) => version.scopes)
  const takesPayments = all.some((one) => isAboutPayments(one, snapshot))
  return {
    ...common(resourceAt(first.version.routing, parts.publicUrl, host), scopes, parts),
    resource_name: all.length === 1 ? `${first.api.title} ${first.version.name}` : first.api.title,
    // With certificates on offer a token may be bound to one instead.
    dpop_bound_access_tokens_required:
      !parts.takesCertificates && all.every(({ authentication }) => authentication.requireBoundTokens),
    ...(takesPayments && { authorization_details_types_supported: ['payment_initiation'] }),
  }
}

const levelsOf = ({ api, version }: Published, snapshot: Snapshot) =>
  [version, api, snapshot].map((level) => ({ place: undefined, configs: level.policies }))

/** What was written may leave out what has a default; the table in force was compiled of the whole. */
function authenticationOf(published: Published, snapshot: Snapshot) {
  const config = effectiveConfig<undefined>(authenticate, levelsOf(published, snapshot))?.config
  return config ? authenticate.schema.parse(config) : undefined
}

function isAboutPayments(published: Published, snapshot: Snapshot): boolean {
  const operations = Object.values(published.version.operations).map((one) => one.policies)
  return [...levelsOf(published, snapshot).map(({ configs }) => configs), ...operations].some(
    (configs) => configs['payment-authorization'],
  )
}

/** The gateway as one resource: for clients that know its address and not yet what is behind it. */
function ofAll({ apis }: Snapshot, parts: ProtectedResourceParts): ProtectedResourceMetadata {
  const scopes = apis.flatMap(({ versions }) =>
    versions.filter(({ routing }) => routing.by !== 'host').flatMap((version) => version.scopes),
  )
  return common(withoutSlash(parts.publicUrl), scopes, parts)
}

const common = (resource: string, scopes: readonly string[], parts: ProtectedResourceParts) => ({
  resource,
  authorization_servers: [withoutSlash(parts.publicUrl)],
  scopes_supported: [...new Set(scopes)].sort(),
  bearer_methods_supported: ['header'],
  tls_client_certificate_bound_access_tokens: parts.takesCertificates,
  dpop_signing_alg_values_supported: signatureAlgorithms,
})
