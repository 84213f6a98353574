import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createAuthority, type Issued } from '../support/certificates.ts'
import { type SecureService, startEavesdropper, startSecureService } from '../support/secure-service.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { call } from '../support/wire.ts'

const authority = createAuthority('Authority of the bank')
const caCertificate = authority.cert
const big = randomBytes(3_000_000)
const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** Answers a PUT with the digest of what it read, anything else with 3 MB. */
function answer(req: IncomingMessage, res: ServerResponse) {
  if (req.method !== 'PUT') return void req.resume().once('end', () => res.end(big))
  const hash = createHash('sha256')
  req.on('data', (chunk) => hash.update(chunk)).once('end', () => res.end(hash.digest('hex')))
}

const headers = (api: StagedApi) => ({ 'x-api-key': api.key })
const read = (api: StagedApi) => call(`${api.url}/accounts/1/balance`, { headers: headers(api) })
const write = (api: StagedApi) =>
  call(`${api.url}/files`, { method: 'PUT', headers: headers(api), body: big })

/** The second: where node does not let us have its parser, so that undici speaks to the service. */
const ways: [string, Record<string, string>][] = [
  ['its own client', {}],
  ['undici', { NODE_OPTIONS: '--import ./test/support/no-parser.mjs' }],
]
describe.each(ways)('HTTPS to a service, through %s', (_, env) => {
  let stage: Stage
  let service: SecureService
  let api: StagedApi
  const url = (port: number, host = 'localhost') => `https://${host}:${port}`

  beforeAll(async () => {
    // No setting of the process turns the check off.
    stage = await startStage({ GATEWAY_THREADS: '1', NODE_TLS_REJECT_UNAUTHORIZED: '0', ...env })
    service = stage.keep(await startSecureService(authority.server(['localhost', '127.0.0.1']), answer))
    api = await stage.api('bank', { targets: [{ url: url(service.port) }], upstream: { caCertificate } })
  }, 60_000)
  afterAll(() => stage?.close())

  test('is spoken by the client that this is about', () => {
    expect(stage.gateway.output().includes('no parser')).toBe('NODE_OPTIONS' in env)
  })

  test('bodies go both ways, on one connection, which named the host', async () => {
    for (let i = 0; i < 3; i++) {
      const answered = await read(api)
      expect([answered.status, digest(answered.body)]).toEqual([200, digest(big)])
      const taken = await write(api)
      expect([taken.status, taken.body.toString()]).toEqual([200, digest(big)])
    }
    expect(service.names).toEqual(['localhost'])
  })

  test('several calls at once have a connection each, and get their own answers', async () => {
    const answers = await Promise.all([read(api), write(api), read(api), write(api)])
    expect(answers.map(({ body }) => (body.length === 64 ? body.toString() : digest(body)))).toEqual(
      Array(4).fill(digest(big)),
    )
    expect(new Set(service.names)).toEqual(new Set(['localhost']))
  })

  test('the host that a partner named is not the one that the certificate must have', async () => {
    const keeper = await stage.api('keeper', {
      targets: [{ url: url(service.port) }],
      upstream: { caCertificate, preserveHost: true },
    })
    expect((await read(keeper)).status).toBe(200)
    const named = await call(`${keeper.url}/accounts/1/balance`, {
      headers: { ...headers(keeper), host: 'gateway.test' },
    })
    expect(named.status).toBe(200)
    expect(new Set(service.names)).toEqual(new Set(['localhost']))
  })

  test('an address is in the certificate as an address, and no host is named', async () => {
    const before = service.names.length
    const targets = [{ url: url(service.port, '127.0.0.1') }]
    const byAddress = await stage.api('by-address', { targets, upstream: { caCertificate } })
    expect((await read(byAddress)).status).toBe(200)
    expect(service.names.slice(before)).toEqual([''])
  })

  const hour = 3_600_000
  const past = { from: new Date(Date.now() - 48 * hour), until: new Date(Date.now() - 24 * hour) }
  const future = { from: new Date(Date.now() + 24 * hour) }
  const untrusted: [string, Issued, object][] = [
    ['of an unknown authority', createAuthority('Nobody').server(['localhost']), { caCertificate }],
    ['of an authority that the upstream does not name', authority.server(['localhost']), {}],
    ['of another host', authority.server(['bank.test']), { caCertificate }],
    ['that has expired', authority.server(['localhost'], past), { caCertificate }],
    ['that is not valid yet', authority.server(['localhost'], future), { caCertificate }],
  ]
  test.each(untrusted)(
    'a certificate %s: 502, and not a byte of the call is said',
    async (why, issued, upstream) => {
      const spy = stage.keep(await startEavesdropper(issued))
      const name = why.replaceAll(/\W+/g, '-')
      const api = await stage.api(name, { targets: [{ url: url(spy.port) }], upstream })
      for (const answered of [await read(api), await write(api)])
        expect([answered.status, answered.json().code]).toEqual([502, 'upstream-unreachable'])
      expect(spy.heard()).toBe('')
    },
  )
})
