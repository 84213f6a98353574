import { LRUCache } from 'lru-cache'
import { documentText } from '../registry/apis.ts'
import type { Config } from '../registry/base/config.ts'
import { problem } from '../registry/base/problem.ts'
import type { PublishedVersion, Version } from '../registry/model.ts'
import { publishedText } from '../registry/openapi/rewrite.ts'
import type { Registry } from '../registry/store.ts'

/** Documents kept rewritten: anyone may ask for them, and each rewriting takes a thread. */
const maxKept = 20

/** Reads a published version's document as partners see it: JSON, with the gateway as its server. */
export function documentReader(registry: Registry, gatewayUrl: string, config: Config) {
  const kept = new LRUCache<string, Promise<Buffer>>({ max: maxKept })
  const limits = { maxBytes: config.ADMIN_MAX_DOCUMENT_BYTES, timeoutMs: config.ADMIN_IMPORT_TIMEOUT_MS }
  return (version: PublishedVersion): Promise<Buffer> => {
    const serverUrl = serverOf(version, gatewayUrl)
    const key = `${version.sha256} ${serverUrl}`
    const known = kept.get(key)
    if (known) return known
    const reading = read(version.sha256, serverUrl)
    kept.set(key, reading)
    // The next reader tries anew.
    reading.catch(() => kept.delete(key))
    return reading
  }

  async function read(sha256: string, serverUrl: string): Promise<Buffer> {
    const bytes = await documentText(registry, sha256)
    if (!bytes) throw problem('internal', { note: `document ${sha256} is gone` })
    const tokenUrl = new URL('/oauth2/token', gatewayUrl).href
    return publishedText(bytes, { serverUrl, tokenUrl }, limits)
  }
}

/** Where partners reach the gateway. */
export const gatewayUrlOf = (config: Config) =>
  config.ADMIN_GATEWAY_URL ?? `http://localhost:${config.GATEWAY_PORT}`

/** Where a browser reaches the version. A version with hosts of its own is reached there, at the gateway's port. */
export function serverOf({ routing }: Pick<Version, 'routing'>, gatewayUrl: string): string {
  const url = new URL(gatewayUrl)
  const host = routing.by === 'host' ? routing.hosts.find((name) => !name.startsWith('*.')) : undefined
  if (host !== undefined) url.hostname = host
  return url.origin + routing.basePath
}
