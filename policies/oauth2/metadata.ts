import { SigningAlgorithm } from '../../registry/model.ts'
import { signatureAlgorithms } from '../../registry/oauth-keys.ts'
import type { AuthorizationServerDeps } from './deps.ts'
import type { OAuthAnswer } from './message.ts'
import { grants } from './token-endpoint.ts'

/** RFC 8414. Says only what is there. */
function metadataOf({ issuer, takesCertificates }: Facts): Record<string, unknown> {
  const byCertificate = takesCertificates ? ['tls_client_auth', 'self_signed_tls_client_auth'] : []
  const clientAuthentication = [
    'client_secret_basic',
    'client_secret_post',
    'private_key_jwt',
    ...byCertificate,
  ]
  return {
    issuer,
    dpop_signing_alg_values_supported: signatureAlgorithms,
    tls_client_certificate_bound_access_tokens: takesCertificates,
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
    grant_types_supported: grants.map(({ name }) => name),
    response_types_supported: [], // required by §2; there is no authorization endpoint
  }
}

type Facts = Pick<AuthorizationServerDeps, 'issuer' | 'takesCertificates'>

export function metadataAnswer(facts: Facts): OAuthAnswer {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=300' },
    body: JSON.stringify(metadataOf(facts)),
  }
}
