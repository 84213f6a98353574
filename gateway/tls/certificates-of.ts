import { X509Certificate } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { ClientCertificate } from '../../policies/policy.ts'
import type { CallerRequest } from '../caller.ts'
import { type NetworkSet, plainAddress } from '../client-address.ts'
import { certificateFrom, clientCertificateOf, isValidNow } from './client-certificate.ts'

/** The certificate of whoever sent a request. */
export type CertificateOf = (req: Pick<CallerRequest, 'headers' | 'socket'>) => ClientCertificate | undefined

/** By whom the certificates in `Client-Cert` of a trusted proxy were checked: `off`, the header is not looked at. */
export type ProxiedCertificates = 'off' | 'issued' | 'any'

/** A proxy sends the same with each call of a connection. */
const maxKnown = 1_000

/**
 * That of the connection; behind a trusted proxy that ends TLS the one it tells of (RFC 9440 §2), where that is set. Then a
 * proxy's own certificate stands for nobody.
 */
export function createCertificateOf(mode: ProxiedCertificates, isTrustedProxy: NetworkSet): CertificateOf {
  if (mode === 'off') return ({ socket }) => clientCertificateOf(socket)
  const known = new LRUCache<string, ClientCertificate>({ max: maxKnown })

  function read(header: string): ClientCertificate | undefined {
    const found = known.get(header)
    if (found) return found
    const base64 = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(header)?.[1]
    if (base64 === undefined) return undefined
    try {
      const x509 = new X509Certificate(Buffer.from(base64, 'base64'))
      if (!isValidNow(x509)) return undefined
      const certificate = certificateFrom(x509, mode === 'issued')
      known.set(header, certificate, { ttl: Math.max(1, x509.validToDate.getTime() - Date.now()) })
      return certificate
    } catch {
      return undefined
    }
  }

  return ({ headers, socket }) => {
    if (!isTrustedProxy(plainAddress(socket.remoteAddress))) return clientCertificateOf(socket)
    const header = headers['client-cert']
    return typeof header === 'string' ? read(header) : undefined
  }
}
