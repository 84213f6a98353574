import type { GenericOAuthConfig } from 'better-auth/plugins'
import type { Config } from '../../registry/base/config.ts'

/** The platform team's own OpenID provider, where one is configured. It proves who somebody is; what they may do is ours. */
export function singleSignOn(config: Config): GenericOAuthConfig | undefined {
  const { ADMIN_SSO_ISSUER: issuer, ADMIN_SSO_CLIENT_ID: clientId } = config
  if (!issuer || !clientId) return undefined
  return {
    providerId: 'sso',
    discoveryUrl: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    clientId,
    clientSecret: config.ssoClientSecret ?? '',
    scopes: ['openid', 'email', 'profile'],
    pkce: true,
    disableImplicitSignUp: true, // whoever was not invited stays outside
    disableSignUp: true,
  }
}
