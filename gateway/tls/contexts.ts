import { constants } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { Config } from '../../registry/base/config.ts'
import type { Certificate, TlsMaterial } from './material.ts'

export type TlsConfig = Pick<
  Config,
  'GATEWAY_TLS_MIN_VERSION' | 'GATEWAY_TLS_CIPHERS' | 'GATEWAY_TLS_CLIENT_CERTIFICATE'
>

/** Forward secrecy and authenticated encryption, as RFC 9325 asks; TLS 1.3 has no others. */
const modernCiphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** What holds for the port as a whole, with its first certificate. */
export function contextOptions(config: TlsConfig, material: TlsMaterial): SecureContextOptions {
  return {
    ...optionsWith(config, material, material.certificates[0]!),
    ticketKeys: material.ticketKeys,
    sessionIdContext: 'gateway', // the same in all threads: a session may be resumed with any
  }
}

function optionsWith(config: TlsConfig, { clientCa }: TlsMaterial, { cert, key }: Certificate) {
  return {
    cert,
    key,
    minVersion: config.GATEWAY_TLS_MIN_VERSION,
    ciphers: config.GATEWAY_TLS_CIPHERS ?? modernCiphers,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    // Without authorities of ours none is believed; node would take those of the web.
    ca: clientCa ?? [],
  }
}

/**
 * The context for a host that a caller names (SNI); undefined: the first one answers. Of several certificates for a
 * host the one that is valid longest.
 */
export function createContexts(
  config: TlsConfig,
  material: TlsMaterial,
): (host: string) => SecureContext | undefined {
  const contexts = new Map<string, SecureContext>()
  for (const certificate of [...material.certificates].sort((a, b) => a.notAfter - b.notAfter)) {
    const context = createSecureContext(optionsWith(config, material, certificate))
    for (const host of certificate.hosts) contexts.set(host, context)
  }
  return function contextFor(name) {
    const host = name.toLowerCase()
    // RFC 6125 §6.4.3: the star stands for one label, the first.
    return contexts.get(host) ?? contexts.get(`*${host.slice(host.indexOf('.'))}`)
  }
}
