import { publicKeyOf } from './oauth-keys.ts'
import type { ClientProfile, ClientSettings } from './oauth-model.ts'
import { tokenExchange } from './oauth-model.ts'

/** One thing that is wrong with a client's settings. */
export interface SettingsFault {
  /** JSON Pointer (RFC 6901) into the settings, e.g. `/senderConstraint`. */
  readonly pointer: string
  /** What is wrong and what to do, in words for who set it. */
  readonly detail: string
}

/** Whether the FAPI 2.0 Security Profile holds for the client. */
export const isFapi = (profile: ClientProfile): boolean => profile !== 'standard'

/**
 * What in a client's settings contradicts its profile, or another setting. Pure; whoever writes settings asks it and
 * refuses them when it finds anything. The authorization server relies on it, and checks again what matters most.
 *
 * @returns [] when all is well; the sections named are of FAPI 2.0 Security Profile (Final, February 2025)
 */
export function faultsOfSettings(settings: ClientSettings): SettingsFault[] {
  return [...proofFaults(settings), ...grantFaults(settings), ...keyFaults(settings), ...fapiFaults(settings)]
}

const fault = (pointer: string, detail: string): SettingsFault => ({ pointer, detail })

/** What the way to prove itself needs. */
function* proofFaults(settings: ClientSettings): Generator<SettingsFault> {
  const { authentication, jwks, jwksUri, certificateName, certificateThumbprints } = settings
  const hasKeys = jwks !== null || jwksUri !== null
  if (jwks !== null && jwksUri !== null) yield fault('/jwksUri', 'give jwks or jwksUri, not both')
  if (authentication === 'private_key_jwt' && !hasKeys)
    yield fault('/jwks', 'private_key_jwt needs the client’s public keys: give jwks or jwksUri')
  if (authentication === 'tls_client_auth' && certificateName === null)
    yield fault('/certificateName', 'tls_client_auth needs the name in the client’s certificate')
  if (authentication === 'self_signed_tls_client_auth' && certificateThumbprints.length === 0 && !hasKeys)
    yield fault(
      '/certificateThumbprints',
      'self_signed_tls_client_auth needs thumbprints of certificates, or keys that name theirs (x5c, x5t#S256)',
    )
}

/** What a grant needs, and what a client that cannot keep a secret must not do (RFC 6749 §4.4). */
function* grantFaults({
  authentication,
  grants,
  redirectUris,
  isResourceServer,
}: ClientSettings): Generator<SettingsFault> {
  const asksPeople = grants.includes('authorization_code')
  if (asksPeople && redirectUris.length === 0)
    yield fault('/redirectUris', 'authorization_code needs a redirect URI')
  if (grants.includes('refresh_token') && !asksPeople)
    yield fault('/grants', 'refresh_token is of use only with authorization_code')
  if (authentication !== 'none') return
  if (isResourceServer)
    yield fault('/isResourceServer', 'whoever may ask about the tokens of others has to prove itself')
  for (const grant of ['client_credentials', tokenExchange] as const)
    if (grants.includes(grant))
      yield fault('/grants', `a public client may not use ${grant}: anybody could say that it is this client`)
}

/** Keys that could not be used, or are too weak, in any profile (RFC 8725 §3.5); and what makes one hard to tell. */
function* keyFaults({ jwks }: ClientSettings): Generator<SettingsFault> {
  const kids = new Set<string>()
  for (const [i, jwk] of (jwks?.keys ?? []).entries()) {
    if (jwk.kid !== undefined && kids.has(jwk.kid))
      yield fault(`/jwks/keys/${i}/kid`, 'is the kid of another key, too')
    if (jwk.kid !== undefined) kids.add(jwk.kid)
    if ('x5u' in jwk) yield fault(`/jwks/keys/${i}/x5u`, 'is not followed: give the key itself')
    if (jwk.use === 'enc') continue // for others; we never encrypt to clients
    try {
      publicKeyOf(jwk)
    } catch (error) {
      yield fault(`/jwks/keys/${i}`, (error as Error).message)
    }
  }
}

function* fapiFaults(settings: ClientSettings): Generator<SettingsFault> {
  const { profile, authentication, senderConstraint, redirectUris, jwks, jwksUri } = settings
  if (!isFapi(profile)) return
  // §5.3.2.1: confidential clients only, which prove themselves by mutual TLS or private_key_jwt.
  if (authentication === 'client_secret' || authentication === 'none')
    yield fault(
      '/authentication',
      'FAPI 2.0 takes private_key_jwt, tls_client_auth or self_signed_tls_client_auth',
    )
  // §5.3.2.1: only sender-constrained access tokens.
  if (senderConstraint === 'none')
    yield fault('/senderConstraint', 'FAPI 2.0 gives out bound tokens only: choose dpop or certificate')
  // §5.3.2.2: no http but to the loopback address of a native application (RFC 8252 §7.3).
  for (const [i, uri] of redirectUris.entries())
    if (!isSafeRedirect(uri))
      yield fault(`/redirectUris/${i}`, 'FAPI 2.0 takes https, or http to a loopback address')
  if (profile === 'fapi2-message-signing' && jwks === null && jwksUri === null)
    yield fault('/jwks', 'signed requests need the client’s public keys: give jwks or jwksUri')
}

const isSafeRedirect = (uri: string) => {
  const { protocol, hostname } = new URL(uri)
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]'].includes(hostname))
}
