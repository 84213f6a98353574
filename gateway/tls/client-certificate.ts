import { createHash, type X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ClientCertificate } from '../../policies/policy.ts'

/** On the socket itself, which HTTP/2 shows its requests through a proxy: a WeakMap would not know it again. */
const kept = Symbol('clientCertificate')
type WithCertificate = Socket & { [kept]?: ClientCertificate }

/**
 * Once for a connection. That the caller holds its key is proved by the handshake; one that no authority of ours issued
 * is kept too, and marked: clients may be known by certificates that they made themselves (RFC 8705 §2.2).
 */
export function keepClientCertificate(socket: TLSSocket): void {
  const x509 = socket.getPeerX509Certificate()
  if (!x509) return
  const isIssued = socket.authorized
  if (!isIssued && !isValidNow(x509)) return
  ;(socket as WithCertificate)[kept] = certificateFrom(x509, isIssued)
}

export function certificateFrom(x509: X509Certificate, isIssued: boolean): ClientCertificate {
  const { raw } = x509
  let header: string | undefined
  let pem: string | undefined
  return {
    isIssued,
    subject: x509.subject.replaceAll('\n', ', '),
    thumbprint: createHash('sha256').update(raw).digest('base64url'),
    get header() {
      header ??= `:${raw.toString('base64')}:`
      return header
    },
    get pem() {
      pem ??= x509.toString()
      return pem
    },
  }
}

export function isValidNow({ validFromDate, validToDate }: X509Certificate): boolean {
  const now = Date.now()
  return validFromDate.getTime() <= now && now <= validToDate.getTime()
}

export const clientCertificateOf = (socket: Socket): ClientCertificate | undefined =>
  (socket as WithCertificate)[kept]

/** For what stands in for the socket: a stream of HTTP/2 is seen through one. */
export function carryClientCertificate(from: Socket, to: object): void {
  const certificate = clientCertificateOf(from)
  if (certificate) (to as WithCertificate)[kept] = certificate
}
