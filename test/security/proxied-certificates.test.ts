import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { peerOf } from '../../gateway/client-address.ts'
import { openExchange, readRequest } from '../../gateway/exchange.ts'
import { outgoingHeaders } from '../../gateway/outgoing.ts'
import { createCertificateOf, type ProxiedCertificates } from '../../gateway/tls/certificates-of.ts'
import { createAuthority } from '../support/certificates.ts'
import { incoming, limits } from '../support/exchange.ts'

// A header that says who calls is believed from a proxy that is trusted with it, and from nobody else.

const authority = createAuthority('Authority of partners')
const headerOf = ({ cert }: { cert: string }) => `:${new X509Certificate(cert).raw.toString('base64')}:`
const till = headerOf(authority.client('till-1'))

function read(mode: ProxiedCertificates, remoteAddress: string, ...values: string[]) {
  const raw = ['Host', 'api.test', ...values.flatMap((value) => ['Client-Cert', value])]
  const req = incoming({ raw, remoteAddress })
  const x = openExchange(req, 0)
  const certificateOf = createCertificateOf(mode, limits.isTrustedProxy)
  readRequest(x, req, { ...limits, maxHeaderBytes: 20_000, certificateOf })
  const sent = outgoingHeaders(x, peerOf(req, limits.isTrustedProxy))
  return { certificate: x.request.clientCertificate, toService: sent.includes('client-cert') }
}

describe('a certificate in a header', () => {
  test('of a trusted proxy stands for the caller, where that is set', () => {
    const { certificate, toService } = read('issued', '10.0.0.1', till)
    expect(certificate).toMatchObject({ isIssued: true, subject: 'CN=till-1', header: till })
    expect(toService).toBe(true)
  })

  test('that the proxy did not check proves nothing to services', () => {
    const { certificate, toService } = read('any', '10.0.0.1', till)
    expect(certificate).toMatchObject({ isIssued: false, subject: 'CN=till-1' })
    expect(toService).toBe(false)
  })

  test.each<[string, ProxiedCertificates, string, string[]]>([
    ['of a caller', 'issued', '192.0.2.1', [till]],
    ['where it is not set', 'off', '10.0.0.1', [till]],
    ['that comes twice', 'issued', '10.0.0.1', [till, till]],
    ['that is none', 'issued', '10.0.0.1', [':AAAA:']],
    ['without its colons', 'issued', '10.0.0.1', [till.slice(1, -1)]],
    [
      'that has expired',
      'issued',
      '10.0.0.1',
      [headerOf(authority.client('old', { until: new Date(Date.now() - 1_000) }))],
    ],
  ])('%s counts as none', (_what, mode, address, values) => {
    expect(read(mode, address, ...values)).toEqual({ certificate: undefined, toService: false })
  })
})
