import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { getHeader } from '../../policies/header-list.ts'
import { revokeCredential } from '../../registry/credentials.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { type Demo, type Platform, publishDemo, startPlatform, tester } from '../support/platform.ts'
import { until } from '../support/until.ts'

let platform: Platform
let echo: Echo
let gateway: GatewayProcess
let demo: Demo

beforeAll(async () => {
  ;[platform, echo] = await Promise.all([startPlatform(), startEcho()])
  demo = await publishDemo(platform, { targets: [{ url: echo.url }] })
  gateway = await platform.gateway()
  await gateway.serves(demo.snapshot)
}, 60_000)

afterAll(async () => {
  await platform?.close()
  await echo?.close()
})

const call = (path: string, init: RequestInit = {}, headers: Record<string, string> = {}) =>
  fetch(gateway.url + path, { ...init, headers: { 'x-api-key': demo.key, ...headers } })
const pay = (headers: Record<string, string> = {}) =>
  call(
    '/payments/v1/payment',
    { method: 'POST', body: '{"amount":100}' },
    { 'content-type': 'application/json', ...headers },
  )

describe('a partner calls', () => {
  test('a call with a key reaches the service, clean', async () => {
    const answer = await pay({ 'x-gateway-partner': 'forged' })
    expect(answer.status).toBe(200)
    const seen = echo.seen.at(-1)!
    expect(seen).toMatchObject({ method: 'POST', url: '/payment' })
    expect(seen.body.toString()).toBe('{"amount":100}')
    expect(getHeader(seen.headers, 'x-gateway-partner')).toBe(demo.partnerId)
    expect(getHeader(seen.headers, 'x-api-key')).toBeUndefined()
    expect(getHeader(seen.headers, 'x-request-id')).toBe(answer.headers.get('x-request-id'))
  })

  test('a call without a credential, or with a wrong one, is refused with a challenge', async () => {
    const without = await fetch(`${gateway.url}/payments/v1/payment`, { method: 'POST' })
    expect(without.status).toBe(401)
    expect(without.headers.get('content-type')).toBe('application/problem+json')
    expect(without.headers.get('www-authenticate')).toContain('Bearer')
    expect(await without.json()).toMatchObject({ code: 'credential-missing', status: 401 })
    expect((await pay({ 'x-api-key': 'nonsense' })).status).toBe(401)
  })

  test('what is not there is 404, a wrong method 405 with Allow', async () => {
    expect((await call('/payments/v1/nothing')).status).toBe(404)
    const wrong = await call('/payments/v1/payment', { method: 'DELETE' })
    expect(wrong.status).toBe(405)
    expect(wrong.headers.get('allow')).toBe('POST')
  })

  test('metrics and readiness tell of it', async () => {
    expect(await gateway.readiness()).toMatchObject({
      isReady: true,
      redis: 'connected',
      snapshot: demo.snapshot,
    })
    const text = await gateway.metrics()
    expect(text).toMatch(/gateway_requests_total\{.*operation="pay".*status="200".*\} \d/)
    expect(text).toMatch(/gateway_request_duration_seconds_bucket\{le="0.005",.*\} \d/)
    expect(text).toContain(`gateway_snapshot_number ${demo.snapshot}`)
  })

  test('a revoked key is refused within a second by every thread', async () => {
    for (let i = 0; i < 20; i++) expect((await pay()).status).toBe(200)
    await revokeCredential(platform.registry, tester, demo.keyId)
    await until(async () => (await pay()).status === 401, { timeoutMs: 1_000 })
    const again = await Promise.all(Array.from({ length: 40 }, () => pay({ connection: 'close' })))
    expect(new Set(again.map((answer) => answer.status))).toEqual(new Set([401]))
  })

  test('SIGTERM ends it with 0, and the log holds a line for every call and no key', async () => {
    expect(await gateway.stop()).toBe(0)
    const lines = gateway
      .output()
      .split('\n')
      .filter((line) => line.includes('"name":"access"'))
    expect(lines.length).toBeGreaterThan(60)
    expect(gateway.output()).not.toContain(demo.key)
  })
})
