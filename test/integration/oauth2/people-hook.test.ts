import { randomBytes } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createHookSender } from '../../../gateway/people/subject-hook.ts'
import { createHookSource } from '../../../policies/oauth2/people/index.ts'
import { signatureHeaders } from '../../../policies/oauth2/people/sources/hook.ts'
import { createAuthority } from '../../support/certificates.ts'
import { registerParty, startAuthorizationServer } from '../../support/oauth-platform.ts'
import { beginInteraction, browser } from '../../support/people.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'

interface Asked {
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly json: Record<string, unknown>
}
const secret = randomBytes(32)
const asked: Asked[] = []
let answer: (res: ServerResponse, asked: Asked) => void
let hook: Server
let registry: Awaited<ReturnType<typeof testRegistry>>
let server: Awaited<ReturnType<typeof startAuthorizationServer>>
let party: Awaited<ReturnType<typeof registerParty>>

const says =
  (status: number, body: unknown, headers = {}) =>
  (res: ServerResponse) =>
    void res.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
const welcome = says(200, { outcome: 'signed-in', subject: 'customer-17', displayName: 'Grace Hopper' })

beforeAll(async () => {
  registry = await testRegistry()
  hook = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk) => chunks.push(chunk))
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const one = { headers: req.headers, body, json: JSON.parse(body) }
      asked.push(one)
      answer(res, one)
    })
  })
  await new Promise<void>((done) => hook.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/sign-in`
  server = await startAuthorizationServer(registry, undefined, {
    source: createHookSource({
      secret,
      now: Date.now,
      send: createHookSender({ url, timeoutMs: 300, ca: undefined }),
    }),
  })
  party = await registerParty(registry, 'shop')
})
afterEach(() => {
  asked.length = 0
})
afterAll(async () => {
  await server?.close()
  hook?.closeAllConnections()
  hook?.close()
  await registry?.close()
  await stopSharedRedis()
})

const typed = { username: 'grace', password: 'first-compiler-1952' }

async function arrive() {
  const visitor = browser(server.issuer)
  const request = { clientId: party.clientId, environment: 'sandbox' as const }
  const path = await beginInteraction(registry, visitor, request)
  return { visitor, path, page: await visitor.get(path) }
}
async function signIn() {
  const arrived = await arrive()
  return { ...arrived, answer: await arrived.visitor.submit(arrived.page, 'sign-in', typed) }
}

describe('people whom a hook of the bank knows', () => {
  test('are signed in by its word, over what it was sent and could check', async () => {
    answer = welcome
    const { visitor, path } = await signIn()
    expect((await visitor.get(path)).body).toContain('Signed in as Grace Hopper')
    const { headers, body, json } = asked[0]!
    expect(json).toEqual({
      type: 'sign-in',
      ...typed,
      client: { id: party.clientId, application: 'Till', partner: 'shop' },
      locale: 'en',
    })
    const id = String(headers['webhook-id'])
    const at = Number(headers['webhook-timestamp'])
    expect(Math.abs(Date.now() / 1000 - at)).toBeLessThan(5)
    expect(headers).toMatchObject(signatureHeaders(secret, id, at, body))
  })

  test('are signed as Standard Webhooks has it', () => {
    // The vector of that specification's reference libraries.
    const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')
    const body = '{"test": 2432232314}'
    expect(signatureHeaders(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, body)).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  test('are asked for a code where it says so, and only it sees what the code belongs to', async () => {
    answer = (res, { json }) => {
      if (json.type === 'sign-in')
        says(200, { outcome: 'challenge', prompt: 'Sent to +44 … 17', state: 'state-17' })(res)
      else if (json.code === '123456' && json.state === 'state-17') welcome(res)
      else says(200, { outcome: 'refused' })(res)
    }
    const { visitor, path } = await signIn()
    const page = await visitor.get(path)
    expect(page.body).toContain('Sent to +44 … 17')
    expect(page.body).not.toContain('state-17')
    const wrong = await visitor.submit(page, 'code', { code: '000000' })
    expect(wrong.body).toContain('This code is not right')
    await visitor.submit(wrong, 'code', { code: '123456' })
    expect((await visitor.get(path)).body).toContain('Signed in as Grace Hopper')
  })

  test('are refused by its word', async () => {
    answer = says(200, { outcome: 'refused' })
    expect((await signIn()).answer.body).toContain('The user name or the password is not right')
  })

  test.each<[string, typeof answer]>([
    ['a status that is no 200', says(500, { outcome: 'signed-in', subject: 'x' })],
    ['a redirect', says(302, '', { location: 'http://127.0.0.1:1/' })],
    ['no JSON', says(200, '<html>')],
    ['an outcome that we do not know', says(200, { outcome: 'welcome', subject: 'x' })],
    ['nobody’s name', says(200, { outcome: 'signed-in' })],
    ['an empty name', says(200, { outcome: 'signed-in', subject: '' })],
    ['too much', says(200, { outcome: 'signed-in', subject: 'x', more: 'x'.repeat(20_000) })],
    ['nothing', () => {}],
    ['half an answer', (res) => void res.writeHead(200, { 'content-length': '100' }).write('{"outcome"')],
    ['an end', (res) => void res.destroy()],
  ])('are not signed in by %s, and the person is told that it is not them', async (_what, given) => {
    answer = given
    const { visitor, answer: page } = await signIn()
    expect(page.status).toBe(503)
    expect(page.body).toContain('Signing in is not possible right now')
    expect(page.body).toContain('value="grace"')
    expect(visitor.cookies.has('session')).toBe(false)
  })

  test('leave nothing of what they type in the log', () => {
    expect(server.logged.length).toBeGreaterThan(0)
    expect(server.logged.join('')).not.toMatch(/first-compiler|grace|customer-17|state-17/i)
  })

  test('are asked about over TLS with an authority of the bank, and with no other', async () => {
    const authority = createAuthority('bank')
    const tls = createTlsServer(authority.server(['127.0.0.1']), (_req, res) => welcome(res))
    await new Promise<void>((done) => tls.listen(0, '127.0.0.1', done))
    const url = `https://127.0.0.1:${(tls.address() as AddressInfo).port}/`
    const sender = (ca?: string[]) => createHookSender({ url, timeoutMs: 2_000, ca })
    expect(await sender([authority.cert])('{}', {})).toMatchObject({ status: 200 })
    await expect(sender()('{}', {})).rejects.toThrow('the subject hook cannot be reached')
    tls.closeAllConnections()
    tls.close()
  })
})
