import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { crashThreads, inspectable } from '../support/crash-thread.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { callTls, openTls, type TlsFolder, tlsFolder } from '../support/tls-gateway.ts'
import { until } from '../support/until.ts'
import { startService } from '../support/wire.ts'

let tls: TlsFolder
let stage: Stage
let api: StagedApi
let letAnswer: () => void = () => {}

beforeAll(async () => {
  tls = await tlsFolder()
  await tls.put('b-wild', tls.authority.server(['*.bank.test', 'other.test']))
  stage = await startStage({ ...tls.env, ...inspectable })
  const service = await startService((req, res) => {
    req.resume()
    const answer = () => res.end(JSON.stringify(req.headers))
    if (req.headers['x-wait']) letAnswer = answer
    else answer()
  })
  const sockets = new WebSocketServer({ server: service.server })
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))))
  api = await stage.api('pay', { targets: [{ url: stage.keep(service).url }] })
}, 60_000)
afterAll(() => stage?.close())

const trust = () => ({ ca: tls.authority.cert })
const connect = (servername: string, options = {}) =>
  openTls(stage.gateway.tlsPort, { ...trust(), servername, ...options })
/** The serial number of the certificate that is shown to whoever asks for a host. */
async function shownTo(servername: string): Promise<string> {
  const socket = await connect(servername, { checkServerIdentity: () => undefined })
  const { serialNumber } = socket.getPeerX509Certificate()!
  socket.destroy()
  return serialNumber
}
const call = (headers: Record<string, string> = {}) =>
  callTls(stage.gateway.tlsPort, trust(), {
    path: `${api.path}/files`,
    headers: { 'x-api-key': api.key, ...headers },
  })

test('a call over TLS is served as any other, and the service hears that it was', async () => {
  const answer = await call()
  expect(answer.status).toBe(200)
  expect(answer.json()).toMatchObject({ 'x-forwarded-proto': 'https', 'x-forwarded-host': 'gateway.test' })
})

test('the authorization server is reached over TLS', async () => {
  const answer = await callTls(stage.gateway.tlsPort, trust(), {
    method: 'POST',
    path: '/oauth2/token',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${api.clientId}:${api.clientSecret}`).toString('base64')}`,
    },
    body: 'grant_type=client_credentials',
  })
  expect(answer.status).toBe(200)
})

describe('the certificate', () => {
  test.each(['gateway.test', 'a.bank.test', 'B.Bank.test', 'other.test'])(
    'of %s is shown to who asks for it',
    async (host) => {
      const socket = await connect(host) // which checks the name
      expect(socket.authorized).toBe(true)
      socket.destroy()
    },
  )

  test('of the first file is shown for an unknown host; a star stands for one label only', async () => {
    const first = await shownTo('gateway.test')
    for (const host of ['unknown.test', 'a.b.bank.test', 'bank.test']) expect(await shownTo(host)).toBe(first)
    expect(await shownTo('a.bank.test')).not.toBe(first)
  })
})

describe('what is not taken', () => {
  test.each([
    ['TLS 1.1', { minVersion: 'TLSv1' as const, maxVersion: 'TLSv1.1' as const, ciphers: 'ALL@SECLEVEL=0' }],
    [
      'a cipher without authentication',
      { maxVersion: 'TLSv1.2' as const, ciphers: 'ECDHE-ECDSA-AES128-SHA' },
    ],
    ['another protocol', { ALPNProtocols: ['spdy/3'] }],
  ])('%s', async (_, options) => {
    const before = await stage.metric('gateway_tls_handshake_failures_total')
    await expect(connect('gateway.test', options)).rejects.toThrow()
    await until(async () => (await stage.metric('gateway_tls_handshake_failures_total')) > before)
  })

  test('clear text on the port of TLS', async () => {
    await expect(fetch(`http://127.0.0.1:${stage.gateway.tlsPort}/`)).rejects.toThrow()
  })
})

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a session of %s is resumed with whatever thread the next connection meets',
  async (version) => {
    const options = { minVersion: version, maxVersion: version }
    const first = await connect('gateway.test', options)
    const ticket = once(first, 'session')
    const [session] = version === 'TLSv1.3' ? await ticket : [first.getSession()]
    first.destroy()
    for (let i = 0; i < 8; i++) {
      const next = await connect('gateway.test', { ...options, session })
      expect(next.isSessionReused()).toBe(true)
      next.destroy()
    }
  },
)

test('calls on one connection are answered in turn', async () => {
  const socket = await connect('gateway.test')
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => (text += chunk))
  socket.write(api.head('GET', '/files') + api.head('GET', '/files', 'Connection: close'))
  await once(socket, 'close')
  expect(text.match(/HTTP\/1\.1 200 /g)).toHaveLength(2)
})

test('calls that come whole and bodies that stream share a connection', async () => {
  const socket = await connect('gateway.test')
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => (text += chunk))
  const answers = () => text.match(/HTTP\/1\.1 200 /g)?.length ?? 0
  for (const [i, bytes] of [
    api.head('GET', '/files'),
    `${api.head('PUT', '/files', 'Content-Length: 200000')}${'x'.repeat(200_000)}`,
    `${api.head('PUT', '/files', 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\n\r\n`,
    api.head('GET', '/files'),
  ].entries()) {
    socket.write(bytes)
    await until(() => answers() === i + 1)
  }
  socket.destroy()
})

test('a WebSocket passes', async () => {
  const url = `wss://127.0.0.1:${stage.gateway.tlsPort}${api.path}/accounts/1/balance`
  const headers = { 'x-api-key': api.key, host: 'gateway.test' }
  const options = { ...trust(), servername: 'gateway.test', headers }
  const socket = new WebSocket(url, undefined, options)
  await once(socket, 'open')
  socket.send('hello')
  const [data] = await once(socket, 'message')
  expect(String(data)).toBe('hello')
  socket.terminate()
})

describe('new certificates', () => {
  const refused = () => stage.metric('gateway_tls_certificates_refused')

  test('are shown when their files change; a connection that is open goes on', async () => {
    const before = await shownTo('gateway.test')
    const open = await connect('gateway.test')
    open.write(api.head('GET', '/files', 'x-wait: yes', 'Connection: close'))
    await tls.put('a-first', tls.authority.server(['gateway.test']))
    await until(async () => (await shownTo('gateway.test')) !== before, { timeoutMs: 10_000 })
    letAnswer()
    expect(await allOf(open)).toContain('HTTP/1.1 200 ')
  })

  test('of a host that had none are taken at SIGHUP', async () => {
    const { serialNumber } = await put('c-new', ['new.test'])
    process.kill(stage.gateway.pid, 'SIGHUP')
    await until(async () => (await shownTo('new.test')) === serialNumber)
  })

  test('that are broken are refused, said so, and the old ones stay', async () => {
    const before = await shownTo('gateway.test')
    expect(await refused()).toBe(0)
    await writeFile(join(tls.folder, 'a-first.crt'), 'no certificate')
    await until(async () => (await refused()) === 1, { timeoutMs: 10_000 })
    expect(await shownTo('gateway.test')).toBe(before)
    expect(stage.gateway.output()).toMatch(/a-first\.crt.*those in force stay/)
    await tls.put('a-first', tls.authority.server(['gateway.test']))
    await until(async () => (await refused()) === 0, { timeoutMs: 10_000 })
    expect(await shownTo('gateway.test')).not.toBe(before)
  })

  test('are what a thread has that is started later; keys of certificates are in no log', async () => {
    const { serialNumber, key } = await put('a-first', ['gateway.test'])
    await until(async () => (await shownTo('gateway.test')) === serialNumber, { timeoutMs: 10_000 })
    await crashThreads(stage.gateway)
    await stage.gateway.serves(api.snapshot)
    for (let i = 0; i < 6; i++) expect(await until(() => shownTo('gateway.test'))).toBe(serialNumber)
    expect(stage.gateway.output()).not.toContain(key.split('\n')[1])
  })

  test('whose files are gone stay until SIGHUP', async () => {
    const first = await shownTo('unknown.test')
    const before = await shownTo('new.test')
    await rm(join(tls.folder, 'c-new.crt'))
    const { serialNumber } = await put('d-more', ['more.test'])
    await until(async () => (await shownTo('more.test')) === serialNumber, { timeoutMs: 10_000 })
    expect(await shownTo('new.test')).toBe(before)
    process.kill(stage.gateway.pid, 'SIGHUP')
    await until(async () => (await shownTo('new.test')) === first)
  })

  test('say in a metric until when they are valid', async () => {
    const text = await stage.gateway.metrics()
    const [, seconds] =
      /gateway_tls_certificate_expiry_timestamp_seconds\{file=".*a-first\.crt"\} (\S+)/.exec(text)!
    expect(Math.round((Number(seconds) * 1000 - Date.now()) / 86_400_000)).toBe(90)
  })

  async function put(name: string, hosts: string[]) {
    const pair = tls.authority.server(hosts)
    await tls.put(name, pair)
    return { ...pair, serialNumber: new X509Certificate(pair.cert).serialNumber }
  }
})

async function allOf(socket: TLSSocket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

test('a gateway with TLS only has no other port, and finishes its calls when it is told to stop', async () => {
  const gateway = await stage.platform.gateway({ ...tls.env, GATEWAY_CLEAR_TEXT: 'off' })
  await gateway.serves(api.snapshot)
  expect(gateway.port).toBeUndefined()
  const socket = await openTls(gateway.tlsPort, trust())
  socket.write(api.head('GET', '/files', 'x-wait: yes'))
  letAnswer = () => {}
  const before = letAnswer
  await until(() => letAnswer !== before)
  const stopped = gateway.stop()
  await until(() => gateway.output().includes('"draining"'))
  letAnswer()
  expect(await allOf(socket)).toContain('HTTP/1.1 200 ')
  expect(await stopped).toBe(0)
})
