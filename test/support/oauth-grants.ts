import type { z } from 'zod'
import type { AuthorizationRequest } from '../../policies/oauth2/authorization-request.ts'
import { issueCode } from '../../policies/oauth2/codes.ts'
import type { AuthorizationServerDeps, OAuthClient } from '../../policies/oauth2/deps.ts'
import { ClientSettings } from '../../registry/oauth-model.ts'
import { authorizationRequest, challengeOf, verifier } from './authorization-request.ts'
import type { DpopKey } from './dpop.ts'
import { type Authorization, authorizationServer, client, issuer, post, shop } from './oauth.ts'

export const person = { subject: 'person-1', authenticatedAt: 900_000 }
export const redirectUri = 'https://shop.example/back'
export type Settings = z.input<typeof ClientSettings>

export interface GrantStage {
  readonly settings?: Settings
  /** Fields of the client `crd_shop`. */
  readonly client?: Partial<OAuthClient>
  readonly deps?: Partial<AuthorizationServerDeps>
}

/** What a client sends to the authorization endpoint, or pushes. */
export const asks = {
  client_id: 'crd_shop',
  response_type: 'code',
  redirect_uri: redirectUri,
  scope: 'payments:read',
  state: 'state-1',
  code_challenge: challengeOf(verifier),
  code_challenge_method: 'S256',
}

/** An authorization server whose client `crd_shop` gets codes of people and refreshes them; its clock is set by hand. */
export function grantStage({ settings, client: more, deps }: GrantStage = {}) {
  const clock = { now: 1_000_000 }
  const clients = new Map<string, OAuthClient>()
  for (const id of ['crd_shop', 'crd_other'])
    clients.set(
      id,
      client({
        id,
        settings: ClientSettings.parse({
          grants: ['authorization_code', 'refresh_token'],
          redirectUris: [redirectUri],
          ...settings,
        }),
        ...more,
      }),
    )
  const secrets: Record<string, string> = { crd_shop: 'shop-secret', crd_other: 'other-secret' }
  const server: Authorization = authorizationServer(secrets, {
    now: () => clock.now,
    findClientBySecret: async (id, secret) => (secrets[id] === secret ? clients.get(id) : undefined),
    findClient: async (id) => clients.get(id),
    findLiveToken: async (token) => {
      const grant = await server.deps.findToken(token)
      return grant && grant.issuedAt > clients.get(grant.credentialId)!.tokensNotBefore ? grant : undefined
    },
    ...deps,
  })
  const change = (fields: Partial<OAuthClient>, id = 'crd_shop') =>
    clients.set(id, { ...clients.get(id)!, ...fields })
  const codeFor = (
    request: Partial<AuthorizationRequest> = {},
    scopes = ['payments:read', 'payments:write'],
  ) => issueCode(server.deps, authorizationRequest({ redirectUri, ...request }), person, scopes)
  // A public client has no secret to send.
  const proof: Record<string, string> = settings?.authentication === 'none' ? { client_id: 'crd_shop' } : shop
  const proofOf = (key?: DpopKey) =>
    key && {
      headers: { dpop: key.proof({ method: 'POST', url: `${issuer}/oauth2/token`, now: clock.now }) },
    }
  const redeem = (code: string, form: Record<string, string> = {}, key?: DpopKey) =>
    post(
      server.token,
      {
        ...proof,
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: verifier,
        ...form,
      },
      proofOf(key),
    )
  const refresh = (token: string, form: Record<string, string> = {}, key?: DpopKey) =>
    post(server.token, { ...proof, grant_type: 'refresh_token', refresh_token: token, ...form }, proofOf(key))
  /** A family from its code on. */
  const tokens = async (request: Partial<AuthorizationRequest> = {}, key?: DpopKey) => {
    const { json } = await redeem(await codeFor(request), {}, key)
    return { access: json.access_token as string, refresh: json.refresh_token as string }
  }
  const isLive = async (access: string) => (await server.deps.findToken(access)) !== undefined
  return { server, clock, clients, change, codeFor, redeem, refresh, tokens, isLive }
}
