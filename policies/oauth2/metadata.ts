import { SigningAlgorithm } from '../../registry/model.ts'
import { signatureAlgorithms } from '../../registry/oauth-keys.ts'
import type { People } from './authorization/authorization-endpoint.ts'
import type { AuthorizationServerDeps } from './deps.ts'
import type { OAuthAnswer } from './message.ts'
import { grants } from './token-endpoint.ts'

/** RFC 8414. Says only what is there. */
function metadataOf({
  issuer,
  takesCertificates,
  mtlsUrl,
  takesRegistrations,
  canSignIn,
}: Facts): Record<string, unknown> {
  const hasCertificates = takesCertificates || mtlsUrl !== undefined
  const byCertificate = hasCertificates ? ['tls_client_auth', 'self_signed_tls_client_auth'] : []
  const clientAuthentication = [
    'client_secret_basic',
    'client_secret_post',
    'private_key_jwt',
    ...byCertificate,
  ]
  return {
    issuer,
    dpop_signing_alg_values_supported: signatureAlgorithms,
    tls_client_certificate_bound_access_tokens: hasCertificates,
    jwks_uri: `${issuer}/oauth2/jwks`,
    token_endpoint: `${issuer}/oauth2/token`,
    token_endpoint_auth_methods_supported: [...clientAuthentication, 'none'],
    token_endpoint_auth_signing_alg_values_supported: signatureAlgorithms,
    revocation_endpoint: `${issuer}/oauth2/revoke`,
    revocation_endpoint_auth_methods_supported: [...clientAuthentication, 'none'],
    revocation_endpoint_auth_signing_alg_values_supported: signatureAlgorithms,
    introspection_endpoint: `${issuer}/oauth2/introspect`,
    introspection_endpoint_auth_methods_supported: clientAuthentication,
    introspection_endpoint_auth_signing_alg_values_supported: signatureAlgorithms,
    introspection_signing_alg_values_supported: SigningAlgorithm.options, // which of them, says the key in use
    ...(mtlsUrl !== undefined && { mtls_endpoint_aliases: aliasesAt(mtlsUrl, canSignIn) }),
    ...(takesRegistrations && { registration_endpoint: `${issuer}/oauth2/register` }),
    grant_types_supported: grants
      .map(({ name }) => name)
      .filter((name) => canSignIn || name !== 'authorization_code'),
    ...(canSignIn ? authorizationMetadata(issuer) : { response_types_supported: [] }), // which §2 requires
  }
}

/** RFC 8705 §5: the same endpoints, for clients with a certificate. */
const aliasesAt = (origin: string, canSignIn: boolean) => ({
  token_endpoint: `${origin}/oauth2/token`,
  revocation_endpoint: `${origin}/oauth2/revoke`,
  introspection_endpoint: `${origin}/oauth2/introspect`,
  ...(canSignIn && { pushed_authorization_request_endpoint: `${origin}/oauth2/par` }),
})

/** Of requests that a person decides on, and of how they are answered. */
function authorizationMetadata(issuer: string): Record<string, unknown> {
  return {
    authorization_endpoint: `${issuer}/oauth2/authorize`,
    pushed_authorization_request_endpoint: `${issuer}/oauth2/par`, // RFC 9126 §5
    require_pushed_authorization_requests: false, // but for clients of a FAPI profile
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'jwt', 'query.jwt'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true, // RFC 9207 §3
    authorization_signing_alg_values_supported: SigningAlgorithm.options, // JARM §4
    request_parameter_supported: true, // RFC 9101 §9
    request_uri_parameter_supported: false, // but for those that were pushed
    request_object_signing_alg_values_supported: signatureAlgorithms,
    require_signed_request_object: false,
    prompt_values_supported: ['none', 'login', 'consent'],
    authorization_details_types_supported: ['payment_initiation'], // RFC 9396 §10
  }
}

type Facts = Pick<
  AuthorizationServerDeps,
  'issuer' | 'takesCertificates' | 'mtlsUrl' | 'takesRegistrations'
> &
  Pick<People, 'canSignIn'>

export function metadataAnswer(facts: Facts): OAuthAnswer {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=300' },
    body: JSON.stringify(metadataOf(facts)),
  }
}
