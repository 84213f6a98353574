import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { callHttp2, http2Answer, openHttp2, openStream } from '../support/http2.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { openTls, type TlsFolder, tlsFolder } from '../support/tls-gateway.ts'
import { until } from '../support/until.ts'
import { startService } from '../support/wire.ts'

const big = randomBytes(3_000_000)
const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

let tls: TlsFolder
let stage: Stage
let api: StagedApi
let session: ClientHttp2Session
let held: { req: IncomingMessage; res: ServerResponse }[] = []

/** Answers with what it heard; by `x-do` otherwise. */
function lines(req: IncomingMessage, res: ServerResponse) {
  const wish = req.headers['x-do']
  if (wish === 'hold') return void held.push({ req, res })
  if (wish === 'early') return void res.writeHead(403).end('no')
  const hash = createHash('sha256')
  req
    .on('data', (chunk) => hash.update(chunk))
    .once('end', () => {
      if (wish === 'big') res.end(big)
      else if (wish === 'digest') res.end(hash.digest('hex'))
      else if (wish === 'trailers') {
        res.writeHead(200, { trailer: 'x-sum' })
        res.write('body')
        res.addTrailers({ 'x-sum': '7' })
        res.end()
      } else if (wish === 'break') {
        res.writeHead(200, { 'content-length': '1000' })
        res.write('half', () => res.destroy())
      } else res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.rawHeaders }))
    })
}

beforeAll(async () => {
  tls = await tlsFolder()
  stage = await startStage({ ...tls.env, GATEWAY_BODY_IDLE_TIMEOUT_MS: '2000' })
  const service = stage.keep(await startService(lines))
  api = await stage.api('pay', { targets: [{ url: service.url }] })
}, 60_000)
afterAll(() => stage?.close())
beforeEach(async () => {
  held = []
  session = await openHttp2(stage.gateway.tlsPort, tls)
  return () => session.destroy()
})

const head = (more: OutgoingHttpHeaders = {}, path = '/files'): OutgoingHttpHeaders => ({
  ':authority': 'gateway.test',
  ':path': api.path + path,
  'x-api-key': api.key,
  ...more,
})
const put = (more: OutgoingHttpHeaders = {}) => head({ ':method': 'PUT', ...more })
const call = (headers: OutgoingHttpHeaders, body?: Buffer | string) => callHttp2(session, headers, body)
const service = () => until(() => held.shift())

test('a call is served as one of HTTP/1.1, and the service sees one of HTTP/1.1', async () => {
  const answer = await call(head({ cookie: ['a=1', 'b=2'], te: 'trailers' }, '/files?x=1'))
  expect(answer.status).toBe(200)
  expect(answer.headers['x-request-id']).toMatch(/-/)
  const seen = answer.json() as unknown as { method: string; url: string; headers: string[] }
  expect([seen.method, seen.url]).toEqual(['GET', '/files?x=1'])
  const value = (name: string) => seen.headers.filter((_, i) => i % 2 === 1 && seen.headers[i - 1] === name)
  expect(value('cookie')).toEqual(['a=1; b=2'])
  expect(value('x-forwarded-proto')).toEqual(['https'])
  expect(value('x-forwarded-host')).toEqual(['gateway.test'])
  expect(seen.headers.some((text) => text.startsWith(':'))).toBe(false)
})

test('the access log tells of a call as of any other', async () => {
  const answer = await call(head())
  const id = String(answer.headers['x-request-id'])
  const line = await until(() =>
    stage.gateway
      .output()
      .split('\n')
      .find((text) => text.includes(id)),
  )
  expect(JSON.parse(line)).toMatchObject({
    method: 'GET',
    status: 200,
    operation: 'download',
    ip: '127.0.0.1',
  })
  expect(line).not.toContain('isAborted')
})

test.each([
  ['without a key', { 'x-api-key': '' }, 401, 'credential-missing'],
  ['with a strange one', { 'x-api-key': 'pgk_live_x' }, 401, 'credential-invalid'],
  ['to nowhere', { ':path': '/nowhere' }, 404, 'route-unknown'],
  ['by another method', { ':method': 'DELETE' }, 405, 'method-not-allowed'],
  ['of a path in two readings', { ':path': '/a/../b' }, 400, 'path-ambiguous'],
])('a call %s is refused by the same problem', async (_, more, status, code) => {
  const answer = await call(head(more as OutgoingHttpHeaders))
  expect([answer.status, answer.json().code]).toEqual([status, code])
  expect(answer.headers['content-type']).toBe('application/problem+json')
  expect(answer.headers.connection).toBeUndefined()
})

test('HEAD has the head and no body', async () => {
  const answer = await call(head({ ':method': 'HEAD' }))
  expect([answer.status, answer.body.length, answer.code]).toEqual([200, 0, 0])
})

test('many calls share one connection, and long bodies go both ways', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      i % 2 === 0 ? call(head({ 'x-do': 'big' })) : call(put({ 'x-do': 'digest' }), big),
    ),
  )
  for (const [i, { status, body, code }] of answers.entries()) {
    expect([status, code]).toEqual([200, 0])
    expect(i % 2 === 0 ? digest(body) : body.toString()).toBe(digest(big))
  }
})

test('a short body with and without its length arrives whole', async () => {
  for (const more of [{}, { 'content-length': '3' }]) {
    const answer = await call(put({ 'x-do': 'digest', ...more }), 'abc')
    expect(answer.body.toString()).toBe(digest(Buffer.from('abc')))
  }
})

test('trailers of an answer pass', async () => {
  const answer = await call(head({ 'x-do': 'trailers' }))
  expect([answer.body.toString(), answer.trailers['x-sum'], answer.code]).toEqual(['body', '7', 0])
})

test('a body is asked for where the caller waits to be asked', async () => {
  const stream = openStream(session, put({ expect: '100-continue', 'content-length': '3', 'x-do': 'digest' }))
  await once(stream, 'continue')
  stream.end('abc')
  expect((await http2Answer(stream)).body.toString()).toBe(digest(Buffer.from('abc')))
})

test('an answer that a service breaks off is reset, and other calls go on', async () => {
  const [broken, whole] = await Promise.all([call(head({ 'x-do': 'break' })), call(head({ 'x-do': 'big' }))])
  expect([broken.status, broken.code]).toEqual([200, 2])
  expect([digest(whole.body), whole.code]).toEqual([digest(big), 0])
})

describe('a caller that resets its call', () => {
  test('ends that call for the service, and no other', async () => {
    const gone = openStream(session, head({ 'x-do': 'hold' }))
    const first = await service()
    const other = call(head({ 'x-do': 'hold' }))
    const second = await service()
    const closed = once(first.res, 'close')
    gone.close(8)
    await closed
    expect(first.res.writableFinished).toBe(false)
    second.res.end('well')
    expect((await other).body.toString()).toBe('well')
  })

  test.each([0, 8])('in the midst of its body, with code %i, has sent no whole one', async (code) => {
    const gone = openStream(session, put({ 'x-do': 'hold', 'content-length': '100000' }))
    gone.write(Buffer.alloc(50_000))
    const { req } = await service()
    let isWhole = false
    req.on('data', () => {}).once('end', () => (isWhole = true))
    const closed = once(req, 'close').catch(() => {})
    gone.close(code)
    await closed
    expect([isWhole, req.complete]).toEqual([false, false])
  })

  test('is logged as gone', async () => {
    const gone = openStream(session, head({ 'x-do': 'hold' }))
    await service()
    const before = stage.gateway.output().split('"isAborted":true').length
    gone.close(8)
    await until(() => stage.gateway.output().split('"isAborted":true').length > before)
  })
})

test('a body that stops arriving is refused alone', async () => {
  const silent = openStream(session, put({ 'x-do': 'digest' }))
  silent.write('some')
  const other = call(head({ 'x-do': 'big' }))
  const answer = await http2Answer(silent)
  expect([answer.status, answer.json().code]).toEqual([408, 'request-timeout'])
  expect(digest((await other).body)).toBe(digest(big))
  expect((await call(head())).status).toBe(200)
})

test('a refusal comes through to a caller that still sends, and the rest is asked off', async () => {
  const stream = openStream(session, put({ 'x-api-key': '', 'content-length': '5000000' }))
  stream.write(Buffer.alloc(3_000_000))
  const answer = await http2Answer(stream)
  expect([answer.status, answer.json().code, answer.code]).toEqual([401, 'credential-missing', 0])
  expect((await call(head())).status).toBe(200)
})

test('an early answer of a service comes through, and the connection goes on', async () => {
  const answer = await call(put({ 'x-do': 'early' }), big)
  expect([answer.status, answer.body.toString()]).toEqual([403, 'no'])
  expect((await call(head())).status).toBe(200)
})

test('the authorization server is reached', async () => {
  const answer = await call(
    {
      ':method': 'POST',
      ':path': '/oauth2/token',
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${api.clientId}:${api.clientSecret}`).toString('base64')}`,
    },
    'grant_type=client_credentials',
  )
  expect(answer.status).toBe(200)
  expect(answer.json()).toMatchObject({ token_type: 'Bearer' })
  const served = await call(
    head({ 'x-api-key': undefined, authorization: `Bearer ${answer.json().access_token}` }),
  )
  expect(served.status).toBe(200)
  const metadata = await call({ ':path': '/.well-known/oauth-authorization-server' })
  expect([metadata.status, typeof metadata.json().token_endpoint]).toEqual([200, 'string'])
})

test.each([
  [['h2', 'http/1.1'], 'h2'],
  [['http/1.1', 'h2'], 'h2'],
  [['http/1.1'], 'http/1.1'],
  [undefined, false],
])('of the protocols %j the connection has %s', async (ALPNProtocols, agreed) => {
  const options = { ca: tls.authority.cert, ...(ALPNProtocols && { ALPNProtocols }) }
  const socket = await openTls(stage.gateway.tlsPort, options)
  expect(socket.alpnProtocol).toBe(agreed)
  socket.destroy()
})

describe('a gateway of its own', () => {
  test('does not offer it when told so', async () => {
    const gateway = await stage.platform.gateway({ ...tls.env, GATEWAY_HTTP2: 'off' })
    const options = { ca: tls.authority.cert, ALPNProtocols: ['h2', 'http/1.1'] }
    const socket = await openTls(gateway.tlsPort, options)
    expect(socket.alpnProtocol).toBe('http/1.1')
    socket.destroy()
    await gateway.kill()
  })

  test('that is told to stop says so first, finishes its calls and ends', async () => {
    const gateway = await stage.platform.gateway(tls.env)
    await gateway.serves(api.snapshot)
    const own = await openHttp2(gateway.tlsPort, tls)
    const goaways: number[] = []
    own.on('goaway', (code) => goaways.push(code))
    const pending = callHttp2(own, head({ 'x-do': 'hold' }))
    const { res } = await service()
    const stopped = gateway.stop()
    await until(() => goaways.length > 0)
    res.end('done')
    const answer = await pending
    expect([answer.status, answer.body.toString(), answer.code]).toEqual([200, 'done', 0])
    expect(await stopped).toBe(0)
    expect(new Set(goaways)).toEqual(new Set([0]))
  })

  test('ends a connection that is idle, though it is pinged', async () => {
    const gateway = await stage.platform.gateway({ ...tls.env, GATEWAY_KEEP_ALIVE_TIMEOUT_MS: '500' })
    await gateway.serves(api.snapshot)
    const own = await openHttp2(gateway.tlsPort, tls)
    expect((await callHttp2(own, head())).status).toBe(200)
    const pings = setInterval(() => own.closed || own.destroyed || own.ping(() => {}), 50)
    if (!own.destroyed) await once(own, 'close')
    clearInterval(pings)
    await gateway.kill()
  })

  test('takes so many calls at once on a connection, and says so', async () => {
    const gateway = await stage.platform.gateway({ ...tls.env, GATEWAY_HTTP2_MAX_STREAMS: '3' })
    const own = await openHttp2(gateway.tlsPort, tls)
    expect(own.remoteSettings.maxConcurrentStreams).toBe(3)
    own.destroy()
    await gateway.kill()
  })
})
