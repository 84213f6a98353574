import type { AuthorizationServerDeps, OAuthClient } from './deps.ts'
import { invalidTarget } from './errors.ts'

/** More than any client has a use for. */
const mostResources = 20

/**
 * Where a token may be used (RFC 8707): what is asked for, if the client may have it there. Nothing asked for: what was
 * granted before. In both, an empty list is no bound.
 *
 * @param asked URIs, apart by spaces
 * @param granted what a person has allowed, or the token has from which another is made
 * @throws OAuthError invalid_target
 */
export async function resourcesFor(
  asked: string | undefined,
  granted: readonly string[],
  client: OAuthClient,
  deps: AuthorizationServerDeps,
): Promise<string[]> {
  if (asked === undefined) return [...granted]
  const resources = [...new Set(asked.split(' ').filter((uri) => uri !== ''))]
  if (resources.length > mostResources) throw invalidTarget(`Name at most ${mostResources} resources`)
  const known = new Set(await deps.resourcesOf(client))
  for (const uri of resources) {
    const isGranted = granted.length === 0 || granted.includes(uri)
    if (!known.has(uri) || !isGranted)
      throw invalidTarget('A resource is unknown, or the client may not use it')
  }
  return resources
}
