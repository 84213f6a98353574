import { createHash, X509Certificate } from 'node:crypto'
import type { ClientCertificate } from '../../policies/policy.ts'

/** A certificate as a connection shows it. */
export function shownCertificate(pem: string, isIssued = true): ClientCertificate {
  const x509 = new X509Certificate(pem)
  return {
    isIssued,
    subject: x509.subject.replaceAll('\n', ', '),
    thumbprint: createHash('sha256').update(x509.raw).digest('base64url'),
    header: `:${x509.raw.toString('base64')}:`,
    pem,
  }
}
