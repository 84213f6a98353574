import type { OAuthAnswer } from './message.ts'
import { grants } from './token-endpoint.ts'

const clientAuthentication = ['client_secret_basic', 'client_secret_post']

/** RFC 8414. Says only what is there. */
function metadataOf(issuer: string): Record<string, unknown> {
  return {
    issuer,
    jwks_uri: `${issuer}/oauth2/jwks`,
    token_endpoint: `${issuer}/oauth2/token`,
    token_endpoint_auth_methods_supported: clientAuthentication,
    revocation_endpoint: `${issuer}/oauth2/revoke`,
    revocation_endpoint_auth_methods_supported: clientAuthentication,
    introspection_endpoint: `${issuer}/oauth2/introspect`,
    introspection_endpoint_auth_methods_supported: clientAuthentication,
    grant_types_supported: grants.map(({ name }) => name),
    response_types_supported: [], // required by §2; there is no authorization endpoint
  }
}

export function metadataAnswer(issuer: string): OAuthAnswer {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=300' },
    body: JSON.stringify(metadataOf(issuer)),
  }
}
