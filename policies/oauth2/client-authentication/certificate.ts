import { createHash, X509Certificate } from 'node:crypto'
import type { Jwk } from '../../../registry/oauth-keys.ts'
import type { ClientCertificate } from '../../policy.ts'
import type { AuthorizationServerDeps, OAuthClient } from '../deps.ts'
import { isCertificateOf } from './certificate-name.ts'
import { keysOf } from './client-keys.ts'

/**
 * By mutual TLS (RFC 8705 §2): with a certificate of an authority of ours that names the client, or with one that the
 * client registered itself. That the caller has its key, the handshake proved.
 */
export async function isProvenByCertificate(
  certificate: ClientCertificate | undefined,
  client: OAuthClient,
  deps: AuthorizationServerDeps,
): Promise<boolean> {
  if (!certificate) return false
  const { authentication, certificateName, certificateThumbprints } = client.settings
  if (authentication === 'tls_client_auth')
    return (
      certificate.isIssued &&
      certificateName !== null &&
      isCertificateOf(new X509Certificate(certificate.pem), certificateName)
    )
  if (authentication !== 'self_signed_tls_client_auth') return false
  const { thumbprint } = certificate
  if (certificateThumbprints.includes(thumbprint)) return true
  return (await keysOf(client, undefined, deps)).some((jwk) => thumbprintsOf(jwk).includes(thumbprint))
}

/** Of the certificate that belongs to a key: named by `x5t#S256`, or the first of `x5c` (RFC 7517 §4.7 and §4.9). */
function thumbprintsOf(jwk: Jwk): string[] {
  const found: string[] = []
  if (typeof jwk['x5t#S256'] === 'string') found.push(jwk['x5t#S256'])
  const first: unknown = Array.isArray(jwk.x5c) ? jwk.x5c[0] : undefined
  if (typeof first === 'string')
    found.push(createHash('sha256').update(Buffer.from(first, 'base64')).digest('base64url'))
  return found
}
