import type { ResourceFormat, Resources } from '../policies/oauth2/index.ts'
import type { PublishedVersion, Snapshot } from '../registry/model.ts'
import { isResourceOf, resourcesOf } from '../registry/resources.ts'

/** The published versions as resources of token requests; built when one is asked for, once per snapshot. */
export function createResources(snapshot: () => Snapshot | undefined, publicUrl: string): () => Resources {
  let builtFor: Snapshot | undefined
  let built: Resources = noResources
  return () => {
    const current = snapshot()
    if (current !== builtFor) {
      built = current ? build(current, publicUrl) : noResources
      builtFor = current
    }
    return built
  }
}

export const noResources: Resources = { at: () => [], hasSigned: false, ofVersion: () => undefined }

function build({ apis }: Snapshot, publicUrl: string): Resources {
  const formats = new Map<PublishedVersion, ResourceFormat>()
  const byId = new Map<string, ResourceFormat>()
  for (const { accessTokens, versions } of apis)
    for (const version of versions) {
      const format = { format: accessTokens, resources: resourcesOf(version.routing, publicUrl) }
      formats.set(version, format)
      byId.set(version.id, format)
    }
  return {
    hasSigned: apis.some(({ accessTokens }) => accessTokens === 'jwt'),
    ofVersion: (id) => byId.get(id),
    at: (resource) =>
      [...formats].flatMap(([version, format]) =>
        isResourceOf(resource, version.routing, publicUrl) ? [format] : [],
      ),
  }
}
