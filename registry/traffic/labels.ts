import { kinds } from '../kinds.ts'
import type { Credential } from '../model.ts'
import { findMany, type Registry, type Stored } from '../store.ts'
import type { Dimension } from './views.ts'

/**
 * What people call the things that ids stand for. What no longer exists keeps its id.
 * @throws Problem store-unavailable
 */
export async function labelsOf(
  r: Registry,
  dimension: Dimension,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const records = await recordsOf(r, dimension, ids)
  return new Map(ids.map((id, i) => [id, records[i] || id]))
}

async function recordsOf(r: Registry, dimension: Dimension, ids: readonly string[]) {
  switch (dimension) {
    case 'api':
      return (await findMany(r, kinds.api, ids)).map((one) => one?.value.title || one?.value.name)
    case 'partner':
      return (await findMany(r, kinds.partner, ids)).map((one) => one?.value.title || one?.value.name)
    case 'application':
      return (await findMany(r, kinds.application, ids)).map((one) => one?.value.title || one?.value.name)
    case 'upstream':
      return (await findMany(r, kinds.upstream, ids)).map((one) => one?.value.name)
    case 'credential':
      return (await findMany(r, kinds.credential, ids)).map(credentialLabel)
    case 'version':
      return versionLabels(r, ids)
    default:
      return ids
  }
}

const credentialLabel = (one: Stored<Credential> | undefined) =>
  one?.value.title || one?.value.secrets[0]?.hint

/** A version's name says little without its API's. */
async function versionLabels(r: Registry, ids: readonly string[]) {
  const versions = await findMany(r, kinds.version, ids)
  const apiIds = versions.map((one) => one?.value.apiId ?? '')
  const apis = await findMany(r, kinds.api, apiIds)
  return versions.map((one, i) => one && `${apis[i]?.value.name ?? ''} ${one.value.name}`.trim())
}
