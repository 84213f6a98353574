import OAuth2Server, {
  InvalidRequestError,
  Request,
  Response,
  UnauthorizedClientError,
  UnsupportedGrantTypeError,
} from 'oauth2-server'
import { authenticateClient } from './client-authentication.ts'
import type { AuthorizationServerDeps, OAuthClient } from './deps.ts'
import { slowDown } from './errors.ts'
import type { Form } from './form.ts'
import { clientCredentials } from './grants/client-credentials.ts'
import type { Grant } from './grants/grant.ts'
import { jsonAnswer, type OAuthAnswer, type OAuthRequest } from './message.ts'

export const grants: readonly Grant[] = [clientCredentials]

/**
 * RFC 6749 §3.2. The library runs the grant; what stands before it (the form, the client's proof) and after it (what is
 * sent) is ours, because there it is looser than the standards are by now.
 */
export async function answerTokenRequest(
  req: OAuthRequest,
  form: Form,
  deps: AuthorizationServerDeps,
): Promise<OAuthAnswer> {
  const client = await authenticateClient(req, form, deps)
  const grantType = form.get('grant_type')
  if (grantType === undefined) throw new InvalidRequestError('grant_type is missing')
  const grant = grants.find(({ name }) => name === grantType)
  if (!grant) throw new UnsupportedGrantTypeError('This grant_type is not supported')
  if (!(client.settings.grants as readonly string[]).includes(grant.name))
    throw new UnauthorizedClientError('This client may not use this grant_type')

  // Each token is kept until it ends: without a bound one client could fill the store that all live on.
  const left = await deps.takeTokens({ ...tokensOf(client), cost: 1 })
  if (!left.isAllowed) throw slowDown('Too many tokens: use each until it expires', left.retryAfterMs)

  const lifetimeSeconds = lifetimeOf(client, deps.now())
  const issue = (scopes: readonly string[]) => {
    const issuedAt = deps.now()
    const { id: credentialId, applicationId, partnerId, environment } = client
    return deps.issueToken({
      credentialId,
      applicationId,
      partnerId,
      environment,
      scopes: [...scopes],
      issuedAt,
      expiresAt: issuedAt + lifetimeSeconds * 1000,
    })
  }
  const model: Omit<OAuth2Server.ClientCredentialsModel, 'getAccessToken'> = {
    ...grant.model({ client, issue }),
    getClient: async () => ({ id: client.id, grants: grants.map(({ name }) => name) }),
  }
  const response = new Response({})
  await new OAuth2Server({ model: model as OAuth2Server.ClientCredentialsModel }).token(
    libraryRequest(grant, form, client),
    response,
  )
  const { access_token, token_type, scope } = response.body
  return jsonAnswer(200, { access_token, token_type, expires_in: lifetimeSeconds, ...(scope && { scope }) })
}

function tokensOf({ id, partnerId }: OAuthClient) {
  return { owner: partnerId, rule: `oauth2-tokens:${id}`, limit: 1_000, windowMs: 60_000 }
}

/** What the library gets to see: no header of the caller, no query, only the parameters that the grant knows. */
function libraryRequest(grant: Grant, form: Form, client: OAuthClient): Request {
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

function lifetimeOf(client: OAuthClient, now: number): number {
  if (client.expiresAt === null) return client.tokenLifetimeSeconds
  return Math.max(1, Math.min(client.tokenLifetimeSeconds, Math.floor((client.expiresAt - now) / 1000)))
}
