import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type AdminService, startAdmin } from '../integration/admin/support.ts'

/** What stands where the gateway would, and writes down what comes. */
interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: string
}

let admin: AdminService
let version: string
const seen: Seen[] = []
let reply: (res: ServerResponse, req: IncomingMessage) => void
const gateway = createServer(async (req, res) => {
  let body = ''
  for await (const chunk of req) body += chunk
  seen.push({ method: req.method!, url: req.url!, headers: req.headers, body })
  reply(res, req)
})
const secret = 'pgk_a-key-that-no-log-may-hold'

const document = {
  openapi: '3.0.3',
  info: { title: 'Pay', version: '1' },
  paths: {
    '/pay/{id}': {
      post: { operationId: 'pay', responses: { 200: { description: 'ok' } } },
      get: { operationId: 'look', responses: { 200: { description: 'ok' } } },
    },
  },
}

beforeAll(async () => {
  gateway.listen(0, '127.0.0.1')
  await once(gateway, 'listening')
  const { port } = gateway.address() as AddressInfo
  admin = await startAdmin({
    ADMIN_GATEWAY_URL: 'https://api.bank.example',
    ADMIN_TRY_URL: `http://127.0.0.1:${port}`,
  })
  const api = await admin.ask('POST', '/api/apis', { body: { name: 'pay', title: 'Pay' } })
  const routing = { by: 'header', basePath: '/pay/v1', header: 'x-version', value: '1' }
  const made = await admin.ask('POST', `/api/apis/${api.body.id}/versions`, { body: { name: 'v1', routing } })
  version = made.body.id
  await admin.ask('PUT', `/api/versions/${version}/document`, {
    bytes: JSON.stringify(document),
    ifMatch: '*',
  })
})
beforeEach(() => {
  seen.length = 0
  reply = (res) =>
    void res.writeHead(200, { 'x-request-id': 'req_1', 'content-type': 'text/plain' }).end('fine')
})
afterAll(async () => {
  gateway.closeAllConnections()
  gateway.close()
  await admin.close()
})

const tryCall = (parts: Record<string, unknown> = {}) =>
  admin.ask('POST', `/api/versions/${version}/try`, {
    body: { operation: 'pay', path: { id: '7' }, credential: { kind: 'api-key', key: secret }, ...parts },
  })

describe('a call that is tried', () => {
  test('reaches its operation at the gateway, with what was filled in', async () => {
    const { status, body } = await tryCall({
      path: { id: 'a b/c' },
      query: [{ name: 'q&', value: '1=2' }],
      headers: [{ name: 'Idempotency-Key', value: 'k1' }],
      body: { type: 'application/json', text: '{"amount":1}' },
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      url: 'https://api.bank.example/pay/v1/pay/a%20b%2Fc?q%26=1%3D2',
      status: 200,
      body: 'fine',
      isBase64: false,
      isCut: false,
      requestId: 'req_1',
    })
    expect(seen).toMatchObject([
      {
        method: 'POST',
        url: '/pay/v1/pay/a%20b%2Fc?q%26=1%3D2',
        body: '{"amount":1}',
        headers: {
          host: 'api.bank.example',
          'x-api-key': secret,
          'x-version': '1',
          'idempotency-key': 'k1',
          'content-type': 'application/json',
          'content-length': '12',
        },
      },
    ])
  })

  test('carries neither the session nor the token of who tries', async () => {
    await tryCall({ credential: null })
    const { headers } = seen[0]!
    expect([headers.authorization, headers.cookie, headers['x-api-key']]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test.each([
    ['another host', { host: 'metadata.internal' }],
    ['another address', { url: 'http://169.254.169.254/' }],
    ['a method of its own', { method: 'CONNECT' }],
  ])('cannot name %s', async (_, parts) => {
    expect((await tryCall(parts)).body.code).toBe('input-invalid')
    expect(seen).toEqual([])
  })

  test.each(['.', '..', '%2e%2e'])('cannot climb out of its path by %j', async (id) => {
    const { status } = await tryCall({ path: { id } })
    // What is encoded once more is an ordinary text.
    expect([status, seen.map(({ url }) => url)]).toEqual(
      id === '%2e%2e' ? [200, ['/pay/v1/pay/%252e%252e']] : [400, []],
    )
  })

  test.each([
    ['Host', 'internal'],
    ['Transfer-Encoding', 'chunked'],
    ['Content-Length', '0'],
    ['Connection', 'upgrade'],
    ['Upgrade', 'websocket'],
    ['Authorization', 'Bearer x'],
    ['X-API-Key', 'x'],
    ['Cookie', 'a=b'],
    ['X-Forwarded-For', '10.0.0.1'],
    ['Forwarded', 'for=10.0.0.1'],
    ['Client-Cert', ':AAAA:'],
    ['Proxy-Authorization', 'x'],
    ['traceparent', '00-1-1-01'],
  ])('cannot bring the header %s', async (name, value) => {
    const { status, body } = await tryCall({ headers: [{ name, value }] })
    expect([status, body.errors?.[0].pointer]).toEqual([400, '/headers/0/name'])
    expect(seen).toEqual([])
  })

  test.each([
    ['a line break in a value', { headers: [{ name: 'x-a', value: 'b\r\nx-api-key: c' }] }],
    ['a line break in a name', { headers: [{ name: 'x-a\r\nhost', value: 'b' }] }],
    ['a line break in the key', { credential: { kind: 'api-key', key: 'a\r\nhost: b' } }],
    ['a line break in the type', { body: { type: 'text/plain\r\nhost: b', text: '' } }],
    ['a surrogate by itself in the path', { path: { id: '\ud800' } }],
    ['nothing for a part of the path', { path: {} }],
    ['a prototype for a part of the path', { operation: 'look', path: { constructor: '1' } }],
  ])('is refused with %s', async (_, parts) => {
    expect((await tryCall(parts)).status).toBe(400)
    expect(seen).toEqual([])
  })

  test('does not follow where the answer points', async () => {
    reply = (res) => void res.writeHead(302, { location: 'http://169.254.169.254/' }).end()
    const { body } = await tryCall()
    expect(body).toMatchObject({
      status: 302,
      headers: expect.arrayContaining([{ name: 'location', value: 'http://169.254.169.254/' }]),
    })
    expect(seen).toHaveLength(1)
  })

  test('sets no cookie of the answer, and runs nothing that is in it', async () => {
    reply = (res) =>
      void res.writeHead(200, { 'set-cookie': 'a=b', 'content-type': 'text/html' }).end('<script>')
    const answer = await tryCall()
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect(answer.headers.get('content-type')).toContain('application/json')
  })

  test('shows of an endless answer its beginning', async () => {
    reply = (res) => {
      res.writeHead(200)
      const more = () => void (res.write('x'.repeat(65_536)) ? setImmediate(more) : res.once('drain', more))
      more()
    }
    const { body } = await tryCall()
    expect([body.isCut, body.body.length]).toEqual([true, 1_048_576])
  })

  test('shows bytes that are no text in base64', async () => {
    reply = (res) => void res.writeHead(200).end(Buffer.from([0xff, 0xfe]))
    expect((await tryCall()).body).toMatchObject({ isBase64: true, body: '//4=' })
  })

  test('says so when the gateway breaks off', async () => {
    reply = (res) => void res.destroy()
    const { status, body } = await tryCall()
    expect([status, body.code]).toEqual([502, 'gateway-unreachable'])
  })

  test('leaves its key and its token in no log', async () => {
    await tryCall()
    await tryCall({
      credential: { kind: 'token', token: secret },
      headers: [{ name: 'host', value: secret }],
    })
    reply = (res) => void res.destroy()
    await tryCall()
    await admin.ask('POST', '/api/try/token', { body: { clientId: 'c', clientSecret: secret } })
    expect(admin.lines.join('')).not.toContain('that-no-log-may-hold')
  })
})

describe('a token that is asked for', () => {
  test('comes from the gateway’s own endpoint, by the client’s own proof', async () => {
    reply = (res) => void res.end(JSON.stringify({ access_token: 't', expires_in: 60, scope: 'a b' }))
    const asked = { clientId: 'id', clientSecret: 's:e c', scopes: ['a', 'b'] }
    const { body } = await admin.ask('POST', '/api/try/token', { body: asked })
    expect(body).toEqual({
      accessToken: 't',
      expiresInSeconds: 60,
      scopes: ['a', 'b'],
      error: null,
      errorDescription: '',
    })
    expect(seen).toMatchObject([
      {
        method: 'POST',
        url: '/oauth2/token',
        body: 'grant_type=client_credentials&scope=a+b',
        headers: { authorization: `Basic ${Buffer.from('id:s%3Ae%20c').toString('base64')}` },
      },
    ])
  })

  test('tells by which code it was refused', async () => {
    reply = (res) => void res.writeHead(401).end('{"error":"invalid_client","error_description":"Unknown."}')
    const { status, body } = await admin.ask('POST', '/api/try/token', {
      body: { clientId: 'i', clientSecret: 'x' },
    })
    expect([status, body.error, body.errorDescription]).toEqual([200, 'invalid_client', 'Unknown.'])
    reply = (res) => void res.end('no JSON')
    const broken = await admin.ask('POST', '/api/try/token', { body: { clientId: 'i', clientSecret: 'x' } })
    expect(broken.body).toMatchObject({ accessToken: null, error: 'server_error' })
  })
})

test('nobody sends more than sixty calls a minute', async () => {
  const [mine, others] = [await admin.tokenWith('write'), await admin.tokenWith('write')]
  const ask = (token: string) =>
    admin.ask('POST', `/api/versions/${version}/try`, {
      token,
      body: { operation: 'pay', path: { id: '1' } },
    })
  const answers = await Promise.all(Array.from({ length: 61 }, () => ask(mine)))
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(1)
  expect((await ask(others)).status).toBe(200)
})
