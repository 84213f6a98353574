import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { keepTls, type TlsKeeper } from '../../../gateway/tls/keeper.ts'
import type { TlsMaterial } from '../../../gateway/tls/material.ts'
import { loadConfig } from '../../../registry/base/config.ts'
import { createLog } from '../../../registry/base/log.ts'
import { type Authority, createAuthority, type Issued } from '../../support/certificates.ts'

let authority: Authority
let folder: string
let keeper: TlsKeeper | undefined

beforeAll(() => {
  authority = createAuthority('Authority')
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tls-'))
})
afterEach(async () => {
  keeper?.end()
  keeper = undefined
  await rm(folder, { recursive: true })
})

const put = async (name: string, { cert, key }: Issued) => {
  await writeFile(join(folder, `${name}.key`), key)
  await writeFile(join(folder, `${name}.crt`), cert)
}
const settings = (env: Record<string, string> = {}) =>
  loadConfig({
    SECRETS_HASH_KEY: Buffer.alloc(32).toString('base64'),
    GATEWAY_TLS_PORT: '0',
    GATEWAY_TLS_CERTIFICATES: folder,
    ...env,
  })
const open = async (env?: Record<string, string>, now: () => number = Date.now) => {
  keeper = await keepTls(settings(env), createLog('test', 'silent'), now)
  return keeper
}
const hosts = ({ certificates }: TlsMaterial) => certificates.map((c) => c.hosts[0])

describe('certificates are found', () => {
  test('by their names, in the folder and in its subfolders', async () => {
    const pair = (host: string) => authority.server([host])
    await put('b', pair('b.test'))
    const { cert, key } = pair('a.test')
    await writeFile(join(folder, 'a.pem'), cert)
    await writeFile(join(folder, 'a-key.pem'), key)
    await writeFile(join(folder, 'alone.crt'), cert)
    await writeFile(join(folder, 'README'), 'text')
    await mkdir(join(folder, 'live'))
    const acme = pair('c.test')
    await writeFile(join(folder, 'live', 'fullchain.pem'), acme.cert)
    await writeFile(join(folder, 'live', 'cert.pem'), acme.cert)
    await writeFile(join(folder, 'live', 'privkey.pem'), acme.key)
    expect(hosts((await open()).material)).toEqual(['a.test', 'b.test', 'c.test'])
  })

  test('by the names of two files', async () => {
    await put('x', authority.server(['x.test', '*.x.test']))
    const files = `${join(folder, 'x.crt')}:${join(folder, 'x.key')}`
    const { material } = await open({ GATEWAY_TLS_CERTIFICATES: files })
    expect(material.certificates[0]!.hosts).toEqual(['x.test', '*.x.test'])
  })
})

describe('a gateway does not start', () => {
  test('with a folder that holds none', async () => {
    await expect(open()).rejects.toThrow(/holds no certificate with its key/)
  })

  test('with a list of ciphers that is none', async () => {
    await put('a', authority.server(['a.test']))
    await expect(open({ GATEWAY_TLS_CIPHERS: 'NONE-SUCH' })).rejects.toThrow(/cipher/i)
  })

  test('with broken ones, and names them all', async () => {
    await put('a', authority.server(['a.test']))
    await put('b', { ...authority.server(['b.test']), key: authority.key })
    await put('c', { ...authority.server(['c.test']), cert: 'none' })
    await expect(open()).rejects.toThrow(/b\.crt: b\.key is not the key of this certificate; .*c\.crt: /)
  })

  test.each([
    ['no certificate', { GATEWAY_TLS_CERTIFICATES: '' }, /a port with TLS needs a certificate/],
    ['no authority', { GATEWAY_TLS_CLIENT_CERTIFICATE: 'require' }, /name the authorities/],
    ['neither port', { GATEWAY_TLS_PORT: '', GATEWAY_CLEAR_TEXT: 'off' }, /there is no other port/],
  ])('with settings that name %s', (_, env, says) => {
    expect(() => settings(env)).toThrow(says)
  })
})

describe('what is on the disk now', () => {
  const inAMinute = () => new Date(Date.now() + 60_000)
  const aMinuteAgo = () => new Date(Date.now() - 60_000)

  test.each([
    ['is the key of another', () => ({ ...authority.server(['b.test']), key: authority.key })],
    ['has expired', () => authority.server(['b.test'], { until: aMinuteAgo() })],
    ['is not valid yet', () => authority.server(['b.test'], { from: inAMinute() })],
    ['cannot be read', () => ({ cert: 'none', key: 'none' })],
  ])('%s: what is in force stays, and others are taken over all the same', async (_, pair) => {
    await put('a', authority.server(['a.test']))
    await put('b', authority.server(['b.test']))
    const { certificates } = (await open()).material
    await put('a', authority.server(['new.test']))
    await put('b', pair())
    await keeper!.reload()
    expect(hosts(keeper!.material)).toEqual(['new.test', 'b.test'])
    expect(keeper!.material.certificates[1]).toEqual(certificates[1])
    expect(keeper!.hasFault).toBe(true)
    await put('b', authority.server(['mended.test']))
    await keeper!.reload()
    expect(hosts(keeper!.material)).toEqual(['new.test', 'mended.test'])
    expect(keeper!.hasFault).toBe(false)
  })

  test('is nothing at all: what is in force stays, whoever asks', async () => {
    await put('a', authority.server(['a.test']))
    await open()
    await rm(join(folder, 'a.crt'))
    await keeper!.reload({ dropsGone: true })
    expect(hosts(keeper!.material)).toEqual(['a.test'])
    expect(keeper!.hasFault).toBe(true)
  })

  test('is one less: it stays until the operator says otherwise', async () => {
    await put('a', authority.server(['a.test']))
    await put('b', authority.server(['b.test']))
    await open()
    await rm(join(folder, 'b.crt'))
    await keeper!.reload()
    expect(hosts(keeper!.material)).toEqual(['a.test', 'b.test'])
    await keeper!.reload({ dropsGone: true })
    expect(hosts(keeper!.material)).toEqual(['a.test'])
  })

  test('are other authorities of clients: they hold; a broken file of them does not', async () => {
    await put('a', authority.server(['a.test']))
    const file = join(folder, 'clients.pem')
    await writeFile(file, authority.cert)
    await open({ GATEWAY_TLS_CLIENT_CERTIFICATE: 'request', GATEWAY_TLS_CLIENT_CA: file })
    const two = authority.cert + createAuthority('Another').cert
    await writeFile(file, two)
    await keeper!.reload()
    expect(keeper!.material.clientCa).toBe(two.trim())
    await writeFile(file, '')
    await keeper!.reload()
    expect(keeper!.material.clientCa).toBe(two.trim())
    expect(keeper!.hasFault).toBe(true)
  })
})

test('keys of session tickets are new when certificates are, and every hour', async () => {
  await put('a', authority.server(['a.test']))
  let now = Date.now()
  const { ticketKeys } = (await open({}, () => now)).material
  await keeper!.reload()
  expect(keeper!.material.ticketKeys).toBe(ticketKeys)
  now += 3_600_000
  await keeper!.reload()
  const later = keeper!.material.ticketKeys
  expect(later).not.toEqual(ticketKeys)
  await put('a', authority.server(['a.test']))
  await keeper!.reload()
  expect(keeper!.material.ticketKeys).not.toEqual(later)
})
