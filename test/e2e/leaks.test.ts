import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createAdminToken } from '../../registry/admin-tokens.ts'
import { scanKeys } from '../../registry/redis.ts'
import { type AdminProcess, callAdmin, startAdmin } from '../support/admin-process.ts'
import { writeEverything } from '../support/admin-writes.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { type Answer, callOnce } from '../support/load.ts'
import { fetchToken } from '../support/oauth-token.ts'
import { type Demo, type Platform, publishDemo, startPlatform, tester } from '../support/platform.ts'
import { until } from '../support/until.ts'
import { type Upstream, upstream } from '../support/upstream.ts'

let platform: Platform
let admin: AdminProcess
let gateway: GatewayProcess
let demo: Demo
let broken: Demo
const services: Upstream[] = []
/** Everything that must be nowhere in clear, by what it is. */
const secrets: Record<string, string> = {
  'a card number': '4111111111111111',
  'a card number with dashes': '5500-0000-0000-0004',
  'an account number': 'DE89370400440532013000',
  'the credential of an upstream': 'upstream-credential-Zq81kV',
  'the client secret for an issuer': 'issuer-secret-of-written',
}
/** What was answered, but for the answers that hand out a secret, once. */
const answers: string[] = []

beforeAll(async () => {
  platform = await startPlatform()
  const { registry } = platform
  const credential = { header: 'authorization', value: `Bearer ${secrets['the credential of an upstream']}` }
  services.push(await upstream().answers(200, { status: 'success' }), await upstream().refuses())
  demo = await publishDemo(platform, { targets: [{ url: services[0]!.url }], upstream: { credential } })
  broken = await publishDemo(platform, {
    name: 'broken',
    targets: [{ url: services[1]!.url }],
    upstream: { credential },
  })
  const made = await createAdminToken(registry, tester, {
    title: 'test',
    permissions: ['admin'],
    expiresAt: null,
  })
  Object.assign(secrets, {
    'an admin token': made.secret,
    'an API key': demo.key,
    'a second API key': broken.key,
    'a client secret': demo.clientSecret,
    'the hash key': platform.env.SECRETS_HASH_KEY,
    'the seal key': platform.env.SECRETS_SEAL_KEYS!.split(':')[1],
  })
  admin = await startAdmin({ ...platform.env, LOG_LEVEL: 'debug' })
  gateway = await platform.gateway({ LOG_LEVEL: 'debug' })
  await gateway.serves(broken.snapshot)
}, 90_000)

afterAll(async () => {
  await admin?.kill()
  await platform?.close()
  await Promise.all(services.map((service) => service.close()))
})

const tell = ({ status, headers, body }: Answer) => {
  answers.push(`${status} ${JSON.stringify(headers)} ${body}`)
  return status
}
const call = async (path: string, headers: Record<string, string> = {}, body?: string) =>
  tell(await callOnce(gateway.url + path, { method: body === undefined ? 'GET' : 'POST', headers, body }))

/** Calls that go well and calls that fail, with what is secret wherever a caller may put it. */
async function callTheGateway() {
  const {
    'a card number': card,
    'a card number with dashes': dashed,
    'an account number': account,
  } = secrets as Record<string, string>
  const token = await fetchToken(gateway.url, demo)
  secrets['an access token'] = token
  const body = JSON.stringify({ card, account_id: account, note: dashed })
  const json = { 'content-type': 'application/json' }
  const ways: Record<string, string>[] = [
    { 'x-api-key': demo.key },
    { authorization: `Bearer ${token}` },
    { authorization: `Bearer ${demo.key}` },
    { 'x-api-key': `${demo.key}x` },
    { 'x-api-key': token },
    {},
  ]
  for (const headers of ways) {
    await call(`/payments/v1/accounts/${card}/balance?card=${dashed}&key=${demo.key}`, headers)
    await call('/payments/v1/payment', { ...headers, ...json }, body)
    await call(`/payments/v1/nothing/${card}/${account}/${token}?x=${card}`, headers)
    await call(`/${demo.key}/${dashed}`, headers)
    await call(`/payments/v1//${card}`, headers)
    await call(`/payments/v1/accounts/${card}%2f${token}/balance`, headers)
  }
  expect(await call(`/broken/v1/accounts/${card}/balance?card=${card}`, { 'x-api-key': broken.key })).toBe(
    502,
  )
  expect(await call('/broken/v1/payment', { 'x-api-key': broken.key, ...json }, body)).toBe(502)
  expect(
    await call(
      '/payments/v1/payment',
      { 'x-api-key': demo.key, 'content-length': 'x', [`x-${card}`]: card! },
      body,
    ),
  ).toBe(400)

  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const basic = (secret: string) => ({ authorization: `Basic ${btoa(`${demo.clientId}:${secret}`)}` })
  const grant = 'grant_type=client_credentials'
  await call('/oauth2/token', { ...form, ...basic(`${demo.clientSecret}x`) }, grant)
  await call(
    '/oauth2/token',
    form,
    `${grant}&client_id=${demo.clientId}&client_secret=${demo.clientSecret}&scope=${card}`,
  )
  await call('/oauth2/introspect', { ...form, ...basic(demo.clientSecret) }, `token=${token}`)
  await call('/oauth2/revoke', { ...form, ...basic(demo.clientSecret) }, `token=${token}`)
  const revoked = { authorization: `Bearer ${token}` }
  await until(async () => (await call('/payments/v1/accounts/1/balance', revoked)) === 401, {
    timeoutMs: 1_000,
  })
}

/** Every kind of write, everything that can be read, and requests that fail. */
async function callAdminService() {
  const token = secrets['an admin token']!
  await writeEverything(async (method, path, body) => {
    const answer = await callAdmin(admin.url, token, method, path, body)
    expect(`${method} ${path} ${answer.status}`).toMatch(/ 20\d$/)
    if (answer.json?.secret) secrets[`the secret of ${path}`] = answer.json.secret
    else tell(answer)
    return answer.json
  }, 'written')
  for (const path of [
    'apis',
    'versions',
    'upstreams',
    'partners',
    'applications',
    'plans',
    'issuers',
    'signing-keys',
    'snapshots',
    'snapshots/current',
    'audit',
    'status',
    'gateways',
    'admin-tokens',
    'settings',
    'whoami',
  ])
    expect(tell(await callAdmin(admin.url, token, 'GET', `/api/${path}`))).toBe(200)
  tell(await callAdmin(admin.url, token, 'GET', `/api/applications/${demo.applicationId}/credentials`))
  tell(await callAdmin(admin.url, `${token}x`, 'GET', '/api/apis'))
  tell(await callAdmin(admin.url, demo.key, 'GET', `/api/apis/${token}?key=${demo.key}`))
  tell(await callAdmin(admin.url, token, 'GET', `/api/partners/${demo.key}?search=${demo.clientSecret}`))
}

/** Whatever Redis holds, and whatever was ever written to it. */
async function redisText(): Promise<string> {
  const { redis } = platform.registry
  const parts: string[] = []
  for (const key of await scanKeys(redis, '')) {
    const kind = await redis.type(key)
    const value =
      kind === 'string'
        ? await redis.get(key)
        : kind === 'hash'
          ? await redis.hgetall(key)
          : kind === 'zset'
            ? await redis.zrange(key, 0, '-1')
            : kind === 'stream'
              ? await redis.xrange(key, '-', '+')
              : `a ${kind}, which this test does not know`
    expect(value).not.toBe(`a ${kind}, which this test does not know`)
    parts.push(key, JSON.stringify(value))
  }
  const [, folder] = (await redis.config('GET', 'dir')) as string[]
  for (const entry of readdirSync(folder!, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) parts.push(readFileSync(join(entry.parentPath, entry.name), 'latin1'))
  return parts.join('\n')
}

/** Names of the secrets found, as they are, in base64 or as a URL has them. */
function found(text: string): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) =>
    [secret, Buffer.from(secret).toString('base64').replace(/=+$/, ''), encodeURIComponent(secret)].some(
      (form) => text.includes(form),
    )
      ? [name]
      : [],
  )
}

describe('after a run with keys, tokens, secrets and card numbers', () => {
  test('none of them is in Redis, in a log, in an answer or in the metrics', async () => {
    await callTheGateway()
    await callAdminService()
    const metrics = await gateway.metrics()
    const adminMetrics = (await callOnce(`${admin.url}/metrics`)).body.toString()
    expect(await gateway.stop()).toBe(0)
    expect(answers.length).toBeGreaterThan(80)
    expect(gateway.output().split('\n').length).toBeGreaterThan(40)
    const redis = await redisText()
    expect(redis).toContain(demo.applicationId) // it does look where things are
    expect({
      redis: found(redis),
      gatewayLog: found(gateway.output()),
      adminLog: found(admin.output()),
      answers: answers.flatMap((answer) => found(answer).map((name) => `${name} in ${answer.slice(0, 200)}`)),
      metrics: found(metrics + adminMetrics),
    }).toEqual({ redis: [], gatewayLog: [], adminLog: [], answers: [], metrics: [] })
  }, 90_000)
})
