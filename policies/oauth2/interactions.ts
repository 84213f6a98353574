import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { AuthorizationRequest } from './authorization-request.ts'
import { cookieOf, setCookie } from './cookies.ts'
import type { AuthorizationServerDeps } from './deps.ts'
import type { OAuthRequest } from './message.ts'

/** How long a person may take to sign in and decide. */
export const interactionLifetimeMs = 10 * 60_000

/** A checked request that waits for a person, bound to the browser that brought it. */
export const Interaction = z.strictObject({
  request: AuthorizationRequest,
  /** SHA-256 of the cookie's value, base64url. */
  browser: z.string(),
  /** ms since the epoch */
  expiresAt: z.int(),
})
export type Interaction = z.infer<typeof Interaction>

/** When it began, ms since the epoch. */
export const startOf = ({ expiresAt }: Pick<Interaction, 'expiresAt'>) => expiresAt - interactionLifetimeMs

/**
 * Keeps a checked request until the person has decided.
 *
 * @returns where the browser goes next, and the cookie that proves it is the same one there: a link sent to somebody
 * else leads nowhere. Several tabs of a browser share one cookie. @throws Problem store-unavailable
 */
export async function startInteraction(
  deps: AuthorizationServerDeps,
  req: OAuthRequest,
  request: AuthorizationRequest,
): Promise<{ location: string; setCookie: string }> {
  const id = randomBytes(32).toString('base64url')
  const cookie = browserOf(deps, req) ?? randomBytes(32).toString('base64url')
  const expiresAt = deps.now() + interactionLifetimeMs
  await keepInteraction(deps, id, { request, browser: sha256(cookie), expiresAt })
  return {
    location: `${deps.issuer}/oauth2/interaction/${id}`,
    setCookie: setCookie(deps.issuer, 'interaction', cookie, interactionLifetimeMs / 1000),
  }
}

/** Keeps it, or what has become of it, for what is left of its time. @throws Problem store-unavailable */
export async function keepInteraction(
  deps: AuthorizationServerDeps,
  id: string,
  interaction: Interaction,
): Promise<void> {
  const leftMs = Math.max(1, interaction.expiresAt - deps.now())
  await deps.once.keep('interaction', id, Interaction.parse(interaction), leftMs)
}

/**
 * The interaction that a browser goes on with.
 *
 * @returns undefined when there is none (any more), or it is another browser's. @throws Problem store-unavailable
 */
export async function findInteraction(
  deps: AuthorizationServerDeps,
  id: string,
  req: OAuthRequest,
): Promise<Interaction | undefined> {
  return ofBrowser(deps, req, await deps.once.peek('interaction', id))
}

/**
 * The same, and takes it away: of any number of decisions on it one counts.
 *
 * @returns undefined as `findInteraction` does; another browser's is left where it is. @throws Problem store-unavailable
 */
export async function endInteraction(
  deps: AuthorizationServerDeps,
  id: string,
  req: OAuthRequest,
): Promise<Interaction | undefined> {
  if (!(await findInteraction(deps, id, req))) return undefined
  return ofBrowser(deps, req, await deps.once.take('interaction', id))
}

function ofBrowser(
  deps: AuthorizationServerDeps,
  req: OAuthRequest,
  found: unknown,
): Interaction | undefined {
  const cookie = browserOf(deps, req)
  if (found === undefined || cookie === undefined) return undefined
  const interaction = Interaction.parse(found)
  return interaction.browser === sha256(cookie) && interaction.expiresAt > deps.now()
    ? interaction
    : undefined
}

/** What the browser was given by us before. @returns undefined for anything that we cannot have made */
const browserOf = ({ issuer }: AuthorizationServerDeps, req: OAuthRequest) =>
  cookieOf(req, issuer, 'interaction', /^[A-Za-z0-9_-]{43}$/)

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')
