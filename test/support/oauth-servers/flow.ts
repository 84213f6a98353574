import * as oauth from 'oauth4webapi'
import type { Decision, TestClient, TestServer } from './server.ts'
import { scope } from './server.ts'

/** The steps of a client, by oauth4webapi, which refuses whatever an answer has that the standards forbid. */

export async function discover(server: TestServer): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(server.issuer)
  const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...server.options() })
  return oauth.processDiscoveryResponse(issuer, response)
}

export interface Wanted {
  readonly scope?: string
  readonly parameters?: Record<string, string>
  /** Sends them pushed (RFC 9126); absent: as the profile of the client wants it. */
  readonly isPushed?: boolean
  /** Signs them (RFC 9101). */
  readonly isSigned?: boolean
  readonly dpop?: oauth.DPoPHandle
  readonly decision?: Decision
}

export interface Asked {
  readonly as: oauth.AuthorizationServer
  readonly url: URL
  readonly state: string
  readonly verifier: string
}

/** Whatever it asks of the person, as an URL for their browser. */
export async function ask(server: TestServer, client: TestClient, wanted: Wanted = {}): Promise<Asked> {
  const as = await discover(server)
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  let parameters = new URLSearchParams({
    client_id: client.id,
    response_type: 'code',
    redirect_uri: client.redirectUri,
    scope: wanted.scope ?? scope,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...wanted.parameters,
  })
  if (wanted.isSigned) {
    const key = { key: client.keys.privateKey, kid: client.keys.kid }
    const request = await oauth.issueRequestObject(as, client.metadata, parameters, key, {
      [oauth.modifyAssertion]: (_header, payload) => {
        payload.nbf = payload.iat!
      },
    })
    parameters = new URLSearchParams({ client_id: client.id, request })
  }
  if (wanted.isPushed ?? client.settings.profile !== 'standard') {
    const pushed = await push(server, client, parameters, wanted.dpop)
    parameters = new URLSearchParams({ client_id: client.id, request_uri: pushed.request_uri })
  }
  const url = new URL(as.authorization_endpoint!)
  for (const [name, value] of parameters) url.searchParams.append(name, value)
  return { as, url, state, verifier }
}

export async function push(
  server: TestServer,
  client: TestClient,
  parameters: URLSearchParams,
  dpop?: oauth.DPoPHandle,
): Promise<oauth.PushedAuthorizationResponse> {
  const as = await discover(server)
  const options = { ...server.options(client), ...(dpop && { DPoP: dpop }) }
  return withNonce(async () => {
    const response = await oauth.pushedAuthorizationRequest(
      as,
      client.metadata,
      client.auth,
      parameters,
      options,
    )
    return oauth.processPushedAuthorizationResponse(as, client.metadata, response)
  })
}

/** The person decides, and the answer is checked: state, iss, error. @throws oauth.AuthorizationResponseError */
export async function decide(
  server: TestServer,
  client: TestClient,
  asked: Asked,
  decision: Decision = 'allow',
): Promise<URLSearchParams> {
  const back = await server.browse(asked.url, decision)
  return back.searchParams.has('response')
    ? oauth.validateJwtAuthResponse(asked.as, client.metadata, back, asked.state, server.options())
    : oauth.validateAuthResponse(asked.as, client.metadata, back, asked.state)
}

export async function redeem(
  server: TestServer,
  client: TestClient,
  { as, verifier }: Pick<Asked, 'as' | 'verifier'>,
  answer: URLSearchParams,
  dpop?: oauth.DPoPHandle,
  additionalParameters: Record<string, string> = {},
): Promise<oauth.TokenEndpointResponse> {
  const options = { ...server.options(client), additionalParameters, ...(dpop && { DPoP: dpop }) }
  return withNonce(async () => {
    const response = await oauth.authorizationCodeGrantRequest(
      as,
      client.metadata,
      client.auth,
      answer,
      client.redirectUri,
      verifier,
      options,
    )
    return oauth.processAuthorizationCodeResponse(as, client.metadata, response)
  })
}

/** The whole way from the question to the tokens. */
export async function obtain(server: TestServer, client: TestClient, wanted: Wanted = {}) {
  const asked = await ask(server, client, wanted)
  const answer = await decide(server, client, asked, wanted.decision)
  return { asked, answer, tokens: await redeem(server, client, asked, answer, wanted.dpop) }
}

export async function refresh(
  server: TestServer,
  client: TestClient,
  refreshToken: string,
  dpop?: oauth.DPoPHandle,
  additionalParameters: Record<string, string> = {},
): Promise<oauth.TokenEndpointResponse> {
  const as = await discover(server)
  const options = { ...server.options(client), additionalParameters, ...(dpop && { DPoP: dpop }) }
  return withNonce(async () => {
    const { metadata, auth } = client
    const response = await oauth.refreshTokenGrantRequest(as, metadata, auth, refreshToken, options)
    return oauth.processRefreshTokenResponse(as, metadata, response)
  })
}

export async function clientCredentials(
  server: TestServer,
  client: TestClient,
  parameters: Record<string, string> = {},
  dpop?: oauth.DPoPHandle,
): Promise<oauth.TokenEndpointResponse> {
  const as = await discover(server)
  const options = { ...server.options(client), ...(dpop && { DPoP: dpop }) }
  return withNonce(async () => {
    const { metadata, auth } = client
    const response = await oauth.clientCredentialsGrantRequest(as, metadata, auth, parameters, options)
    return oauth.processClientCredentialsResponse(as, metadata, response)
  })
}

export async function introspect(
  server: TestServer,
  client: TestClient,
  token: string,
): Promise<oauth.IntrospectionResponse> {
  const as = await discover(server)
  const { metadata, auth } = client
  const response = await oauth.introspectionRequest(as, metadata, auth, token, server.options(client))
  return oauth.processIntrospectionResponse(as, metadata, response)
}

export async function revoke(server: TestServer, client: TestClient, token: string): Promise<void> {
  const as = await discover(server)
  const { metadata, auth } = client
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(as, metadata, auth, token, server.options(client)),
  )
}

export async function dpopOf(client: TestClient, alg = 'ES256'): Promise<oauth.DPoPHandle> {
  return oauth.DPoP(client.metadata, await oauth.generateKeyPair(alg))
}

/** RFC 9449 §8: a server may want a nonce of its own, which the client learns from the refusal. */
async function withNonce<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return send()
  }
}

/** The error code with which a request was refused, by body, challenge or redirect; or what else went wrong. */
export async function refusal(request: Promise<unknown>): Promise<string> {
  const error = await request.then(
    () => {
      throw new Error('it was not refused')
    },
    (thrown) => thrown,
  )
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError)
    return error.error
  if (error instanceof oauth.WWWAuthenticateChallengeError)
    return error.cause[0]?.parameters.error ?? `${error.status} ${error.cause[0]?.scheme}`
  throw error
}
