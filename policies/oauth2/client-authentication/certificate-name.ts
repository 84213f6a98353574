import type { X509Certificate } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import type { z } from 'zod'
import type { CertificateName } from '../../../registry/oauth-model.ts'
import { isSameName, readName } from './distinguished-name.ts'

/** Whether a certificate has the one name that a client is registered with (RFC 8705 §2.1.2). No wildcards. */
export function isCertificateOf(x509: X509Certificate, name: z.infer<typeof CertificateName>): boolean {
  if (name.subjectDn !== undefined) {
    const wanted = readName(name.subjectDn)
    // node shows the parts as they lie in the certificate, one a line; RFC 4514 writes the last of them first.
    const shown = readName(x509.subject.split('\n').reverse().join(','))
    return wanted !== undefined && shown !== undefined && isSameName(wanted, shown)
  }
  const names = alternativeNames(x509.subjectAltName ?? '')
  const has = (kind: string, fits: (value: string) => boolean) =>
    names.some((one) => one.kind === kind && fits(one.value))
  if (name.sanDns !== undefined) return has('DNS', (value) => isSameText(value, name.sanDns!))
  if (name.sanUri !== undefined) return has('URI', (value) => value === name.sanUri)
  if (name.sanIp !== undefined) return has('IP Address', (value) => isSameIp(value, name.sanIp!))
  if (name.sanEmail !== undefined) return has('email', (value) => isSameEmail(value, name.sanEmail!))
  return false
}

/** node's list: `DNS:shop.example, IP Address:192.0.2.1`; what could be read in two ways stands in quotes, as in JSON. */
function alternativeNames(text: string): { kind: string; value: string }[] {
  const names: { kind: string; value: string }[] = []
  for (const [, kind, quoted, plain] of text.matchAll(
    /(?:^|, )([A-Za-z ]+):(?:("(?:[^"\\]|\\.)*")|([^,"]*))(?=, |$)/g,
  ))
    names.push({ kind: kind!, value: quoted === undefined ? plain! : String(JSON.parse(quoted)) })
  return names
}

const isSameText = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()

const isSameIp = (a: string, b: string) =>
  ipaddr.isValid(a) &&
  ipaddr.isValid(b) &&
  ipaddr.parse(a).toNormalizedString() === ipaddr.parse(b).toNormalizedString()

/** RFC 5321 §2.4: the part before the at sign is the host's business, the rest is a host name. */
function isSameEmail(a: string, b: string): boolean {
  const [x, y] = [a.lastIndexOf('@'), b.lastIndexOf('@')]
  return a.slice(0, x) === b.slice(0, y) && isSameText(a.slice(x), b.slice(y))
}
