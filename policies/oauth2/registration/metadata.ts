import { z } from 'zod'
import type { Credential } from '../../../registry/model.ts'
import { signatureAlgorithms } from '../../../registry/oauth-keys.ts'
import {
  type CertificateName,
  type ClientProfile,
  ClientSettings,
  GrantType,
} from '../../../registry/oauth-model.ts'

/**
 * Client metadata (RFC 7591 §2) and our settings, both ways. What a client sends that we do not know is ignored, as §2
 * asks; what we know and cannot do is refused.
 */

const certificateNames = {
  tls_client_auth_subject_dn: 'subjectDn',
  tls_client_auth_san_dns: 'sanDns',
  tls_client_auth_san_uri: 'sanUri',
  tls_client_auth_san_ip: 'sanIp',
  tls_client_auth_san_email: 'sanEmail',
} as const

const secretMethods = ['client_secret_basic', 'client_secret_post'] as const
const text = z.string().max(2_000).optional()

export const ClientMetadata = z.object({
  redirect_uris: z.array(z.string()).optional(),
  token_endpoint_auth_method: z
    .enum([...secretMethods, 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth', 'none'])
    .default('client_secret_basic'),
  token_endpoint_auth_signing_alg: z.enum(signatureAlgorithms).optional(),
  grant_types: z.array(GrantType).default(['authorization_code']),
  response_types: z.array(z.literal('code')).optional(),
  client_name: z.string().trim().max(200).optional(),
  scope: z.string().max(4_000).optional(),
  jwks: z.unknown().optional(),
  jwks_uri: text,
  tls_client_auth_subject_dn: text,
  tls_client_auth_san_dns: text,
  tls_client_auth_san_uri: text,
  tls_client_auth_san_ip: text,
  tls_client_auth_san_email: text,
  tls_client_certificate_bound_access_tokens: z.boolean().optional(),
  dpop_bound_access_tokens: z.boolean().optional(),
  authorization_details_types: z.array(z.string()).optional(),
})
export type ClientMetadata = z.infer<typeof ClientMetadata>

/** Why metadata is refused (RFC 7591 §3.2.2). */
export interface MetadataFault {
  readonly error: 'invalid_client_metadata' | 'invalid_redirect_uri'
  readonly description: string
}

export interface MappedClient {
  readonly title: string
  readonly scopes: string[] | null
  readonly oauth: ClientSettings
}

/** @param profile what the application is held to, whatever the client says */
export function clientFrom(metadata: ClientMetadata, profile: ClientProfile): MappedClient | MetadataFault {
  const { token_endpoint_auth_method: method, dpop_bound_access_tokens: dpop } = metadata
  const certificate = metadata.tls_client_certificate_bound_access_tokens
  if (dpop && certificate)
    return fault('dpop_bound_access_tokens and tls_client_certificate_bound_access_tokens exclude each other')
  const asksPeople = metadata.grant_types.includes('authorization_code')
  if (metadata.response_types && metadata.response_types.length > 0 !== asksPeople)
    return fault('response_types is [code] with the grant authorization_code, and empty without it')
  const isSecret = (secretMethods as readonly string[]).includes(method)
  const parsed = ClientSettings.safeParse({
    profile,
    grants: metadata.grant_types,
    authentication: isSecret ? 'client_secret' : method,
    redirectUris: metadata.redirect_uris ?? [],
    jwks: metadata.jwks ?? null,
    jwksUri: metadata.jwks_uri ?? null,
    certificateName: certificateNameIn(metadata),
    senderConstraint: dpop ? 'dpop' : certificate ? 'certificate' : 'none',
    authorizationDetailsTypes: metadata.authorization_details_types ?? [],
  })
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!
    return faultAt(`/oauth/${path.join('/')}`, message)
  }
  const scopes = metadata.scope === undefined ? null : metadata.scope.split(' ').filter((s) => s !== '')
  return { title: metadata.client_name ?? '', scopes, oauth: parsed.data }
}

/** What is registered, as the client sees it. Never its secret. */
export function metadataOf(client: Credential, scopes: readonly string[]): Record<string, unknown> {
  const oauth = client.oauth ?? ClientSettings.parse({})
  const { authentication, senderConstraint, redirectUris, jwks, jwksUri, certificateName } = oauth
  const [name] = Object.entries(certificateNames).flatMap(([member, field]) =>
    certificateName?.[field] === undefined ? [] : [{ [member]: certificateName[field] }],
  )
  return {
    token_endpoint_auth_method: authentication === 'client_secret' ? 'client_secret_basic' : authentication,
    grant_types: oauth.grants,
    response_types: oauth.grants.includes('authorization_code') ? ['code'] : [],
    redirect_uris: redirectUris,
    ...(client.title !== '' && { client_name: client.title }),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(jwks && { jwks }),
    ...(jwksUri !== null && { jwks_uri: jwksUri }),
    ...name,
    dpop_bound_access_tokens: senderConstraint === 'dpop',
    tls_client_certificate_bound_access_tokens: senderConstraint === 'certificate',
    ...(oauth.authorizationDetailsTypes.length > 0 && {
      authorization_details_types: oauth.authorizationDetailsTypes,
    }),
  }
}

/** Members of our settings, as they are called in metadata. */
const memberNames: Readonly<Record<string, string>> = {
  redirectUris: 'redirect_uris',
  grants: 'grant_types',
  authentication: 'token_endpoint_auth_method',
  jwks: 'jwks',
  jwksUri: 'jwks_uri',
  certificateName: 'tls_client_auth_subject_dn and the like',
  certificateThumbprints: 'jwks',
  senderConstraint: 'dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens',
  authorizationDetailsTypes: 'authorization_details_types',
}

/** @param pointer into the credential, e.g. `/oauth/jwks/keys/0` */
export function faultAt(pointer: string, detail: string): MetadataFault {
  const [, , member = ''] = pointer.split('/')
  const name = memberNames[member] ?? (pointer === '/scopes' ? 'scope' : 'the metadata')
  const error = member === 'redirectUris' ? 'invalid_redirect_uri' : 'invalid_client_metadata'
  return { error, description: `${name}: ${detail}` }
}

export const fault = (description: string): MetadataFault => ({
  error: 'invalid_client_metadata',
  description,
})

function certificateNameIn(metadata: ClientMetadata): Partial<CertificateName> | null {
  const given = Object.entries(certificateNames).flatMap(([member, field]) => {
    const value = metadata[member as keyof typeof certificateNames]
    return value === undefined ? [] : [[field, value] as const]
  })
  return given.length === 0 ? null : Object.fromEntries(given)
}
