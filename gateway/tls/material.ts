import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createSecureContext } from 'node:tls'

/** What a port with TLS is made of. Plain data: the main thread reads it, every thread uses it. */
export interface TlsMaterial {
  /** The first answers where a caller names no host, or one that none is for. */
  readonly certificates: readonly Certificate[]
  /** PEM of the authorities of client certificates; undefined: nobody is asked for one. */
  readonly clientCa: string | undefined
  /** Seals the tickets by which callers resume a session, with any thread. */
  readonly ticketKeys: Buffer
}

export interface Certificate {
  /** Path of its file: its name in logs and metrics. */
  readonly file: string
  readonly cert: string
  readonly key: string
  /** DNS names in lower case, such as `api.bank.example` or `*.bank.example`. */
  readonly hosts: readonly string[]
  /** ms since the epoch */
  readonly notBefore: number
  readonly notAfter: number
}

export interface PairOfFiles {
  readonly cert: string
  readonly key: string
}

/**
 * Where certificates and their keys lie. Of a folder and its subfolders those that have a key beside them:
 * `name.crt` or `name.pem` with `name.key`, `name.pem` with `name-key.pem`, `fullchain.pem` with `privkey.pem`.
 *
 * @throws Error when a place is not there, or a folder holds none
 */
export async function findPairs(places: readonly string[]): Promise<PairOfFiles[]> {
  const found = await Promise.all(
    places.map(async (place) => {
      const cut = place.indexOf(':')
      if (cut !== -1) return [{ cert: place.slice(0, cut), key: place.slice(cut + 1) }]
      const pairs = await pairsIn(place, true)
      if (pairs.length === 0) throw new Error(`${place}: holds no certificate with its key beside it`)
      return pairs
    }),
  )
  return found.flat()
}

async function pairsIn(folder: string, isTop: boolean): Promise<PairOfFiles[]> {
  // A name that begins with a dot is bookkeeping, as Kubernetes' `..data`.
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort()
  const pairs: PairOfFiles[] = []
  for (const name of names) {
    const path = join(folder, name)
    if (isTop && (await stat(path)).isDirectory()) pairs.push(...(await pairsIn(path, false)))
    const key = keyNames(name).find((wanted) => names.includes(wanted))
    if (key) pairs.push({ cert: path, key: join(folder, key) })
  }
  return pairs
}

function keyNames(name: string): string[] {
  const base = /^(.+)\.(crt|pem)$/.exec(name)?.[1]
  if (base === undefined) return []
  return base === 'fullchain' ? ['privkey.pem'] : [`${base}.key`, `${base}-key.pem`]
}

/** @throws Error saying what is wrong with the pair; nothing of the key is in it */
export async function readCertificate(files: PairOfFiles): Promise<Certificate> {
  const [cert, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')])
  const leaf = new X509Certificate(cert)
  if (!leaf.checkPrivateKey(createPrivateKey(key)))
    throw new Error(`${basename(files.key)} is not the key of this certificate`)
  createSecureContext({ cert, key }) // what OpenSSL refuses besides, such as a key that is too short
  return {
    file: files.cert,
    cert,
    key,
    hosts: dnsNames(leaf.subjectAltName),
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
  }
}

/** @throws Error when the file holds no certificates */
export async function readAuthorities(file: string): Promise<string> {
  const text = await readFile(file, 'utf8')
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw new Error('holds no certificate')
  for (const block of blocks) new X509Certificate(block)
  return blocks.join('\n')
}

function dnsNames(subjectAltName: string | undefined): string[] {
  return (subjectAltName ?? '')
    .split(', ')
    .filter((part) => part.startsWith('DNS:'))
    .map((part) => part.slice('DNS:'.length).toLowerCase())
}
