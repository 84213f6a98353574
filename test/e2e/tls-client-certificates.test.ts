import { X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Authority, createAuthority } from '../support/certificates.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { callTls, openTls, type TlsFolder, tlsFolder } from '../support/tls-gateway.ts'
import { call, startService } from '../support/wire.ts'

let tls: TlsFolder
let partners: Authority
let stage: Stage
let api: StagedApi
let requiring: GatewayProcess

beforeAll(async () => {
  tls = await tlsFolder()
  partners = createAuthority('Authority of partners')
  const file = join(tls.folder, 'partners.pem')
  await writeFile(file, partners.cert)
  const env = { ...tls.env, GATEWAY_TLS_CLIENT_CA: file }
  stage = await startStage({ ...env, GATEWAY_TLS_CLIENT_CERTIFICATE: 'request' })
  const service = await startService((req, res) => {
    req.resume()
    res.end(JSON.stringify(req.headers))
  })
  api = await stage.api('pay', { targets: [{ url: stage.keep(service).url }] })
  requiring = await stage.platform.gateway({ ...env, GATEWAY_TLS_CLIENT_CERTIFICATE: 'require' })
  await requiring.serves(api.snapshot)
}, 60_000)
afterAll(() => stage?.close())

const trust = () => ({ ca: tls.authority.cert })
const toService = (headers: Record<string, string> = {}) => ({
  path: `${api.path}/files`,
  headers: { 'x-api-key': api.key, ...headers },
})
const forged = { 'Client-Cert': ':AAAA:', 'Client-Cert-Chain': ':AAAA:', Client_Cert: ':AAAA:' }
const headerOf = (pem: string) => `:${new X509Certificate(pem).raw.toString('base64')}:`

describe('where a certificate is asked for', () => {
  test('the service receives the one that was proved, and no other', async () => {
    const till = partners.client('till-1')
    const answer = await callTls(stage.gateway.tlsPort, { ...trust(), ...till }, toService(forged))
    expect(answer.status).toBe(200)
    expect(answer.json()['client-cert']).toBe(headerOf(till.cert))
    expect(JSON.stringify(answer.json())).not.toContain('AAAA')
  })

  test('it is the same for all calls of a connection, and when its session is resumed', async () => {
    const till = partners.client('till-2')
    const options = { ...trust(), ...till, maxVersion: 'TLSv1.2' as const }
    const first = await openTls(stage.gateway.tlsPort, options)
    const session = first.getSession()
    first.destroy()
    const answer = await callTls(stage.gateway.tlsPort, { ...options, session }, toService())
    expect(answer.json()['client-cert']).toBe(headerOf(till.cert))
  })

  test.each([
    ['none', () => ({})],
    ['one of a foreign authority', () => createAuthority('Another authority').client('till-1')],
    ['one that has expired', () => partners.client('till-1', { until: new Date(Date.now() - 1000) })],
    ['one for servers', () => partners.server(['till-1.test'])],
    ['one that its holder made', () => createAuthority('till-1')],
  ])('%s counts as none', async (_, pair) => {
    const answer = await callTls(stage.gateway.tlsPort, { ...trust(), ...pair() }, toService(forged))
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.json())).not.toContain('client-cert')
    expect(JSON.stringify(answer.json())).not.toContain('AAAA')
  })

  test('one whose issuer bears the name of ours but is another is handed on to nobody', async () => {
    const forgery = createAuthority('Authority of partners').client('till-1')
    const answer = await callTls(stage.gateway.tlsPort, { ...trust(), ...forgery }, toService()).catch(
      () => undefined,
    )
    expect(Object.keys(answer?.json() ?? {})).not.toContain('client-cert')
  })

  test('without TLS nobody can claim one', async () => {
    const answer = await call(`${api.url}/files`, { headers: toService(forged).headers })
    expect(JSON.stringify(answer.json())).not.toContain('AAAA')
  })
})

test('where no authorities are named, none is believed, be it one that all the world believes', async () => {
  const world = createAuthority('An authority of the web')
  const file = join(tls.folder, 'world.pem')
  await writeFile(file, world.cert)
  const env = { ...tls.env, GATEWAY_TLS_CLIENT_CERTIFICATE: 'request', NODE_EXTRA_CA_CERTS: file }
  const gateway = await stage.platform.gateway(env)
  await gateway.serves(api.snapshot)
  const answer = await callTls(gateway.tlsPort, { ...trust(), ...world.client('till-1') }, toService(forged))
  expect(answer.status).toBe(200)
  expect(Object.keys(answer.json())).not.toContain('client-cert')
}, 30_000)

describe('where a certificate is required', () => {
  test('a caller with one is served', async () => {
    const till = partners.client('till-3')
    const answer = await callTls(requiring.tlsPort, { ...trust(), ...till }, toService())
    expect(answer.json()['client-cert']).toBe(headerOf(till.cert))
  })

  test.each([
    ['without one', () => ({})],
    ['with one of a foreign authority', () => createAuthority('Authority of partners').client('till-1')],
    ['with one that has expired', () => partners.client('x', { until: new Date(Date.now() - 1000) })],
  ])('%s the connection ends', async (_, pair) => {
    await expect(callTls(requiring.tlsPort, { ...trust(), ...pair() }, toService())).rejects.toThrow()
  })
})
