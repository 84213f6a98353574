import {
  type AuthorizationServerDeps,
  createAuthorizationServer,
  type OAuthAnswer,
  type OAuthClient,
} from '../../policies/oauth2/index.ts'
import type { ClientCertificate } from '../../policies/policy.ts'
import { createPublicKeys } from '../../policies/proof/keys.ts'
import { TokenGrant } from '../../registry/model.ts'
import { ClientSettings } from '../../registry/oauth-model.ts'
import { dpopVerifier } from './dpop.ts'
import { memoryFamilies, memoryOnce } from './oauth-store.ts'

export const issuer = 'https://api.bank.example'
/** Of the versions that every client is subscribed to. */
export const resources = [`${issuer}/payments/v1`, `${issuer}/accounts/v1`]

export function client(more: Partial<OAuthClient> = {}): OAuthClient {
  return {
    id: 'crd_shop',
    applicationId: 'app_shop',
    partnerId: 'par_shop',
    environment: 'live',
    scopes: ['payments:read', 'payments:write'],
    tokenLifetimeSeconds: 600,
    expiresAt: null,
    title: 'Web shop',
    settings: ClientSettings.parse({}),
    tokensNotBefore: 0,
    ...more,
  }
}

export type Authorization = ReturnType<typeof authorizationServer>

/** An authorization server over plain maps, with the secrets of its clients, and what it did. */
export function authorizationServer(
  secrets: Record<string, string> = { crd_shop: 'shop-secret', crd_other: 'other-secret' },
  more: Partial<AuthorizationServerDeps> = {},
) {
  const tokens = new Map<string, TokenGrant>()
  const lookups: string[] = []
  const reports: unknown[] = []
  const refusals: string[] = []
  const failures = new Map<string, number>()
  const now = more.now ?? (() => 1_000_000)
  const { once, kept } = memoryOnce(now)
  const { families, opened, withdrawn } = memoryFamilies(now)
  const findToken = async (token: string) => {
    const grant = tokens.get(token)
    if (!grant?.exchangedFor.every((one) => tokens.has(one))) return undefined
    return grant.familyId === null || opened.has(grant.familyId) ? grant : undefined
  }
  const deps: AuthorizationServerDeps = {
    issuer,
    now,
    findClientBySecret: async (id, secret) => {
      lookups.push(id)
      return secrets[id] === secret ? client({ id }) : undefined
    },
    findClient: async (id) => (secrets[id] === undefined ? undefined : client({ id })),
    issueToken: async (grant) => {
      const token = `token-${tokens.size + 1}`
      tokens.set(token, TokenGrant.parse(grant))
      return token
    },
    findToken,
    findLiveToken: more.findToken ?? findToken, // all clients here are live
    revokeToken: async (token) => tokens.delete(token),
    hashOfToken: (token) => token,
    resourcesOf: async () => resources,
    families,
    once,
    signJwt: async () => {
      throw new Error('this test signs nothing')
    },
    jwks: async () => ({ keys: [] }),
    fetchJwks: async () => {
      throw new Error('this test fetches no keys')
    },
    dpop: dpopVerifier(now),
    publicKeys: createPublicKeys(),
    takesCertificates: true,
    mtlsUrl: undefined,
    isDpopNonceRequired: false,
    takesRegistrations: false,
    takeTokens: ({ owner, rule, limit, cost }) => {
      const used = (failures.get(`${owner} ${rule}`) ?? 0) + cost
      if (used > limit) return { isAllowed: false, remaining: 0, retryAfterMs: 1_500, resetMs: 60_000 }
      failures.set(`${owner} ${rule}`, used)
      return { isAllowed: true, remaining: limit - used, retryAfterMs: 0, resetMs: 60_000 }
    },
    refused: (clientId, reason) => refusals.push(`${clientId}: ${reason}`),
    report: (error) => reports.push(error),
    ...more,
  }
  const server = createAuthorizationServer(deps)
  return { ...server, deps, tokens, lookups, reports, refusals, failures, kept, families: opened, withdrawn }
}

export const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })

export const shop = { client_id: 'crd_shop', client_secret: 'shop-secret' }

export interface Sent {
  readonly headers?: Record<string, string>
  readonly method?: string
  readonly ip?: string
  readonly clientCertificate?: ClientCertificate | undefined
  readonly path?: string
}

/** Posts a form, given as fields or as raw text, to an endpoint. */
export async function post(
  endpoint: Authorization['token'],
  form: Record<string, string> | string,
  { headers, method = 'POST', ip = '192.0.2.7', path = '/oauth2/token', clientCertificate }: Sent = {},
): Promise<OAuthAnswer & { json: Record<string, unknown> }> {
  const rawBody = typeof form === 'string' ? form : new URLSearchParams(form).toString()
  const all = { 'content-type': 'application/x-www-form-urlencoded', ...headers }
  const answer = await endpoint({
    method,
    path,
    query: '',
    headers: all,
    rawHeaders: Object.entries(all).flat(),
    rawBody,
    ip,
    clientCertificate,
  })
  return { ...answer, json: answer.body === '' ? {} : JSON.parse(answer.body) }
}

export const wantsToken = { grant_type: 'client_credentials' }

/** A browser comes to the authorization endpoint with these parameters, or with this query. */
export async function visit(
  endpoint: Authorization['authorize'],
  query: Record<string, string> | string,
  { headers = {}, method = 'GET', ip = '192.0.2.7' }: Sent = {},
): Promise<OAuthAnswer & { json: Record<string, unknown>; to: URL | undefined }> {
  const text = typeof query === 'string' ? query : new URLSearchParams(query).toString()
  const isForm = method === 'POST'
  const all = { ...(isForm && { 'content-type': 'application/x-www-form-urlencoded' }), ...headers }
  const answer = await endpoint({
    method,
    path: '/oauth2/authorize',
    query: isForm ? '' : text,
    headers: all,
    rawHeaders: Object.entries(all).flat(),
    rawBody: isForm ? text : '',
    ip,
    clientCertificate: undefined,
  })
  const { Location: location } = answer.headers
  return {
    ...answer,
    json: answer.body === '' ? {} : JSON.parse(answer.body),
    to: location === undefined ? undefined : new URL(location),
  }
}
