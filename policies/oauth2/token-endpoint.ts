import OAuth2Server, {
  InvalidGrantError,
  InvalidRequestError,
  Request,
  Response,
  UnauthorizedClientError,
  UnsupportedGrantTypeError,
} from 'oauth2-server'
import type { Confirmation } from '../../registry/oauth-model.ts'
import { authenticateClient, ownerOfCount } from './client-authentication.ts'
import type { AuthorizationServerDeps, OAuthClient } from './deps.ts'
import { slowDown } from './errors.ts'
import type { Form } from './form.ts'
import { authorizationCode } from './grants/authorization-code.ts'
import { clientCredentials } from './grants/client-credentials.ts'
import type { Grant, Granted, GrantRequest } from './grants/grant.ts'
import { refreshToken } from './grants/refresh-token.ts'
import { tokenExchangeGrant } from './grants/token-exchange.ts'
import { jsonAnswer, type OAuthAnswer, type OAuthRequest } from './message.ts'
import { senderConstraintOf } from './sender-constraint.ts'

export const grants: readonly Grant[] = [
  clientCredentials,
  authorizationCode,
  refreshToken,
  tokenExchangeGrant,
]

/**
 * RFC 6749 §3.2. The library runs the grant; what stands before it (the form, the client's proof) and after it (what is
 * sent) is ours, because there it is looser than the standards are by now.
 */
export async function answerTokenRequest(
  req: OAuthRequest,
  form: Form,
  deps: AuthorizationServerDeps,
): Promise<OAuthAnswer> {
  const grantType = form.get('grant_type')
  // Those that prove themselves by what only they were given: a code with its verifier, a refresh token.
  const takesPublic = grantType === 'authorization_code' || grantType === 'refresh_token'
  const client = await authenticateClient(req, form, deps, { takesPublic })
  if (grantType === undefined) throw new InvalidRequestError('grant_type is missing')
  const grant = grants.find(({ name }) => name === grantType)
  if (!grant) throw new UnsupportedGrantTypeError('This grant_type is not supported')
  if (!(client.settings.grants as readonly string[]).includes(grant.name))
    throw new UnauthorizedClientError('This client may not use this grant_type')
  const confirmation = await senderConstraintOf(req, form, client, deps)

  // Each token is kept until it ends: without a bound one client could fill the store that all live on.
  const left = await deps.takeTokens({ ...tokensOf(client, req), cost: 1 })
  if (!left.isAllowed) throw slowDown('Too many tokens: use each until it expires', left.retryAfterMs)

  const issuing = createIssuing(client, confirmation, deps)
  await runByLibrary(grant, { client, form, deps, confirmation, issue: issuing.issue })
  return jsonAnswer(200, issuing.answer())
}

/** Makes the one token of a request, and the answer that tells of it. */
function createIssuing(
  client: OAuthClient,
  confirmation: Confirmation | null,
  deps: AuthorizationServerDeps,
) {
  let issued: { accessToken: string; lifetimeSeconds: number; granted: Granted } | undefined
  return {
    async issue(granted: Granted): Promise<string> {
      const issuedAt = deps.now()
      const lifetimeSeconds = lifetimeOf(client, issuedAt, granted.notAfter)
      const { members: _, notAfter: __, ...kept } = granted
      const { id: credentialId, applicationId, partnerId, environment } = client
      const accessToken = await deps.issueToken({
        ...kept,
        scopes: [...granted.scopes],
        credentialId,
        applicationId,
        partnerId,
        environment,
        confirmation,
        issuedAt,
        expiresAt: issuedAt + lifetimeSeconds * 1000,
      })
      issued = { accessToken, lifetimeSeconds, granted }
      return accessToken
    },
    /** Written here and not by the library, which sends members that are not for the client, or none of these. */
    answer() {
      if (!issued) throw new Error('the grant has issued nothing')
      const { accessToken, lifetimeSeconds, granted } = issued
      const { scopes, authorizationDetails, members } = granted
      return {
        access_token: accessToken,
        token_type: confirmation && 'jkt' in confirmation ? 'DPoP' : 'Bearer',
        expires_in: lifetimeSeconds,
        ...(scopes.length > 0 && { scope: scopes.join(' ') }),
        ...(authorizationDetails && { authorization_details: authorizationDetails }),
        ...members,
      }
    },
  }
}

/** @throws OAuthError as the grant does. @throws whatever a capability throws, maybe inside a ServerError */
async function runByLibrary(grant: Grant, request: GrantRequest): Promise<void> {
  const names = grants.map(({ name }) => name)
  const model = {
    ...grant.model(request),
    getClient: async () => ({ id: request.client.id, grants: names }),
    getAccessToken: async () => undefined, // wanted by the library's types, called by none of these grants
  }
  const options = grant.runBy && { extendedGrantTypes: { [grant.name]: grant.runBy } }
  await new OAuth2Server({ model: model as OAuth2Server.AuthorizationCodeModel }).token(
    libraryRequest(grant, request),
    new Response({}),
    options,
  )
}

function tokensOf(client: OAuthClient, req: OAuthRequest) {
  const rule = `oauth2-tokens:${client.id}`
  return { owner: ownerOfCount(client, req), rule, limit: 1_000, windowMs: 60_000 }
}

/** What the library gets to see: no header of the caller, no query, only the parameters that the grant knows. */
function libraryRequest(grant: Grant, { form, client }: GrantRequest): Request {
  const body: Record<string, string> = {
    grant_type: grant.name,
    client_id: client.id,
    client_secret: 'already-authenticated', // asked for by the library, compared with nothing
  }
  for (const name of grant.parameters) {
    const value = form.get(name)
    if (value !== undefined) body[name] = value
  }
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '1' }
  return new Request({ method: 'POST', query: {}, headers, body })
}

/** @throws InvalidGrantError when what the token would come from ends this very second */
function lifetimeOf(client: OAuthClient, now: number, notAfter = Number.POSITIVE_INFINITY): number {
  const leftSeconds = Math.floor((notAfter - now) / 1000)
  if (leftSeconds < 1) throw new InvalidGrantError('What was granted has ended')
  const lifetimeSeconds = Math.min(client.tokenLifetimeSeconds, leftSeconds)
  if (client.expiresAt === null) return lifetimeSeconds
  return Math.max(1, Math.min(lifetimeSeconds, Math.floor((client.expiresAt - now) / 1000)))
}
