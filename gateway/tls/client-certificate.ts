import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ClientCertificate } from '../../policies/policy.ts'

/** On the socket itself, which HTTP/2 shows its requests through a proxy: a WeakMap would not know it again. */
const kept = Symbol('clientCertificate')
type WithCertificate = Socket & { [kept]?: ClientCertificate }

/** Once for a connection. Only what was proved counts: that it was issued by one of the authorities and is its holder's. */
export function keepClientCertificate(socket: TLSSocket): void {
  if (!socket.authorized) return
  const x509 = socket.getPeerX509Certificate()
  if (!x509) return
  const { raw } = x509
  let header: string | undefined
  let pem: string | undefined
  const certificate: ClientCertificate = {
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
  ;(socket as WithCertificate)[kept] = certificate
}

export const clientCertificateOf = (socket: Socket): ClientCertificate | undefined =>
  (socket as WithCertificate)[kept]

/** For what stands in for the socket: a stream of HTTP/2 is seen through one. */
export function carryClientCertificate(from: Socket, to: object): void {
  const certificate = clientCertificateOf(from)
  if (certificate) (to as WithCertificate)[kept] = certificate
}
