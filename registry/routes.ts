import type { Method, Operation, OperationSettings, PublishedVersion } from './model.ts'

/** What a call must look like to reach an operation. */
export interface RoutePattern {
  /** Host names in lower case, `*.` allowed in front; `null`: any host. */
  readonly hosts: readonly string[] | null
  /** Header that names the version; `isDefault`: calls without the header come here, too. */
  readonly header: { readonly name: string; readonly value: string; readonly isDefault: boolean } | null
  readonly method: Method
  /** Base path and path template. */
  readonly path: string
  readonly operation: Operation
}

/** The routes of a published version, one for each operation. */
export function routesOf(version: PublishedVersion): RoutePattern[] {
  const { routing } = version
  const hosts = routing.by === 'host' ? routing.hosts : null
  const header =
    routing.by === 'header'
      ? { name: routing.header, value: routing.value, isDefault: routing.isDefault }
      : null
  return version.routes.map((operation) => ({
    hosts,
    header,
    method: operation.method,
    path: routing.basePath + operation.path,
    operation,
  }))
}

/**
 * Alternatives of scopes that an operation asks for: those of its settings, in place of those of the document. None:
 * no scope is asked for.
 */
export function requiredScopes(
  operation: Pick<Operation, 'scopes'>,
  own: Pick<OperationSettings, 'scopes'> | undefined,
): readonly (readonly string[])[] {
  if (!own?.scopes) return operation.scopes
  return own.scopes.length > 0 ? [own.scopes] : []
}

/**
 * Every way of calling a route that no second route may answer to: one text for each host and for a call with and
 * without the header. Names of path parameters do not matter: `/a/{id}` and `/a/{key}` are the same address.
 */
export function addressesOf(route: RoutePattern): string[] {
  const path = route.path.replace(/\{[^{}]*\}/g, '{}')
  const headers = route.header
    ? [`${route.header.name}: ${route.header.value}`, ...(route.header.isDefault ? [''] : [])]
    : ['']
  return (route.hosts ?? ['any host']).flatMap((host) =>
    headers.map((header) => `${route.method} ${host}${path}${header && ` with ${header}`}`),
  )
}
