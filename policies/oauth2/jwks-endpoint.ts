import type { AuthorizationServerDeps } from './deps.ts'
import { errorAnswer } from './errors.ts'
import type { OAuthAnswer } from './message.ts'

/**
 * The keys that verify what we sign (RFC 7517 §5). A key is published long before it signs (a day, unless it is set
 * otherwise), so they may be kept for minutes.
 */
export async function jwksAnswer(deps: AuthorizationServerDeps): Promise<OAuthAnswer> {
  try {
    const headers = { 'Content-Type': 'application/jwk-set+json', 'Cache-Control': 'public, max-age=300' }
    return { status: 200, headers, body: JSON.stringify(await deps.jwks()) }
  } catch (error) {
    return errorAnswer(error, deps.issuer, deps.report)
  }
}
