import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** Certificates for tests, as far as X.509 (RFC 5280) is needed for them; so that no openssl has to be there. */
export interface Issued {
  /** PEM */
  readonly cert: string
  /** PEM */
  readonly key: string
}

export interface Authority extends Issued {
  /** A certificate for these hosts: DNS names, `*.` included, or IPv4 addresses. */
  server(hosts: readonly string[], validity?: Validity): Issued
  client(name: string, validity?: Validity): Issued
}

export interface Validity {
  readonly from?: Date
  readonly until?: Date
}

export function createAuthority(name: string): Authority {
  const keys = newKeys()
  const own: Party = { name, keys }
  const issue = (subject: string, extensions: Buffer[], validity?: Validity) => {
    const of = { name: subject, keys: newKeys() }
    return issued(certificate(own, of, extensions, validity), of.keys.privateKey)
  }
  return {
    ...issued(certificate(own, own, [basicConstraintsOfAuthority]), keys.privateKey),
    server: (hosts, validity) =>
      issue(hosts[0]!, [extendedUsage(serverAuth), alternativeNames(hosts)], validity),
    client: (subject, validity) => issue(subject, [extendedUsage(clientAuth)], validity),
  }
}

interface Party {
  readonly name: string
  readonly keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
}

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

const issued = (der: Buffer, key: KeyObject): Issued => ({
  cert: `-----BEGIN CERTIFICATE-----\n${der
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n')}\n-----END CERTIFICATE-----\n`,
  key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
})

// DER: a tag, the length, the content.
function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content)
  const { length } = body
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}
const sequence = (...content: Buffer[]) => der(0x30, ...content)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const bits = (content: Buffer) => der(0x03, Buffer.from([0]), content)
const isTrue = Buffer.from([0x01, 0x01, 0xff])

const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))
const serverAuth = oid('2b06010505070301')
const clientAuth = oid('2b06010505070302')
const basicConstraintsOfAuthority = sequence(oid('551d13'), isTrue, der(0x04, sequence(isTrue)))
const extendedUsage = (purpose: Buffer) => sequence(oid('551d25'), der(0x04, sequence(purpose)))
const alternativeNames = (hosts: readonly string[]) =>
  sequence(oid('551d11'), der(0x04, sequence(...hosts.map(alternativeName))))
const alternativeName = (host: string) =>
  /^[\d.]+$/.test(host) ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host))

const commonName = (name: string) =>
  sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(name)))))
const time = (at: Date) => der(0x18, Buffer.from(at.toISOString().replace(/[-:T]|\.\d+/g, '')))

const hourMs = 3_600_000

function certificate(issuer: Party, subject: Party, extensions: Buffer[], validity: Validity = {}): Buffer {
  const { from = new Date(Date.now() - hourMs), until = new Date(Date.now() + 90 * 24 * hourMs) } = validity
  const signed = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), // version 3
    der(0x02, Buffer.from([1]), randomBytes(15)), // serial number
    ecdsaWithSha256,
    commonName(issuer.name),
    sequence(time(from), time(until)),
    commonName(subject.name),
    subject.keys.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  return sequence(signed, ecdsaWithSha256, bits(sign('sha256', signed, issuer.keys.privateKey)))
}
