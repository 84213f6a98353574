import type { Routing } from './model.ts'

/**
 * Versions as resources: what a client names when it says where it will use a token (RFC 8707 §2), and what a signed
 * token is for (`aud`, RFC 9068 §3).
 */

/** The address by which a version is named as a resource; of one that has several hosts, each. */
export function resourcesOf(routing: Routing, publicUrl: string): string[] {
  if (routing.by !== 'host') return [withoutSlash(publicUrl) + routing.basePath]
  const { protocol, port } = new URL(publicUrl)
  const named = routing.hosts.filter((host) => !host.startsWith('*.'))
  return named.map((host) => `${protocol}//${host}${port && `:${port}`}${routing.basePath}`)
}

/**
 * Whether a token for a resource may be used at a version: the resource is the version, something in it (an operation),
 * or something around it (all APIs of this host).
 */
export function isResourceOf(resource: string, routing: Routing, publicUrl: string): boolean {
  const url = URL.parse(resource)
  const own = URL.parse(publicUrl)
  if (!url || !own || url.protocol !== own.protocol || url.port !== own.port) return false
  const isHost =
    routing.by === 'host'
      ? routing.hosts.some((host) => isOneOf(url.hostname, host))
      : url.hostname === own.hostname
  if (!isHost) return false
  const path = withoutSlash(url.pathname)
  const base = (routing.by === 'host' ? '' : withoutSlash(own.pathname)) + routing.basePath
  return isAtOrBelow(path, base) || isAtOrBelow(base, path)
}

/** The issuer, and addresses that a path is joined to, have none at their end. */
export const withoutSlash = (text: string) => text.replace(/\/+$/, '')

const isAtOrBelow = (path: string, base: string) => path === base || path.startsWith(`${base}/`)

const isOneOf = (host: string, pattern: string) =>
  pattern.startsWith('*.')
    ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1
    : host === pattern

/** Whether a version that is found by its hosts is found by this one. */
export const isHostOf = (host: string, routing: Extract<Routing, { by: 'host' }>): boolean =>
  routing.hosts.some((one) => isOneOf(host, one))

/** The address by which a caller that reached a version at a host knows it. */
export function resourceAt(routing: Routing, publicUrl: string, host: string): string {
  if (routing.by !== 'host') return withoutSlash(publicUrl) + routing.basePath
  return originAt(routing, publicUrl, host) + routing.basePath
}

/**
 * What stands before the path of a call as its caller wrote it: by our own settings and not by what the call says, but for
 * the one of several hosts that it was routed by.
 */
export function originAt(routing: Routing, publicUrl: string, host: string): string {
  if (routing.by !== 'host') return withoutSlash(publicUrl)
  const { protocol, port } = new URL(publicUrl)
  return `${protocol}//${host}${port && `:${port}`}`
}

/** Where the metadata of a resource are (RFC 9728 §3.1): the well-known path comes between its host and its own path. */
export function metadataAddressOf(resource: string): string {
  const { origin, pathname } = new URL(resource)
  return `${origin}/.well-known/oauth-protected-resource${withoutSlash(pathname)}`
}
