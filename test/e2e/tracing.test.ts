import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { type Collector, type ReceivedSpan, spanKind, startCollector } from '../support/collector.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { type Demo, type Platform, publishDemo, startPlatform } from '../support/platform.ts'
import { until } from '../support/until.ts'
import { type Upstream, upstream } from '../support/upstream.ts'
import { call, startService } from '../support/wire.ts'

const collectorKey = `collector-key-${randomBytes(8).toString('hex')}`
const sayLoaded = { NODE_OPTIONS: '--import ./test/support/say-loaded.mjs' }

let platform: Platform
let collector: Collector
let bank: Upstream
let api: Demo
let traced: GatewayProcess
const open: { close(): unknown }[] = []

beforeAll(async () => {
  platform = await startPlatform()
  collector = await startCollector()
  bank = await upstream().answers(200, { status: 'success' })
  open.push(collector, bank)
  api = await publishDemo(platform, { targets: [{ url: bank.url }] })
  const headersFile = join(await mkdtemp(join(tmpdir(), 'trace-')), 'headers.json')
  await writeFile(headersFile, JSON.stringify({ 'x-collector-key': collectorKey }))
  traced = await platform.gateway({
    ...sayLoaded,
    GATEWAY_ID: 'gateway-one',
    GATEWAY_PUBLIC_URL: 'https://api.bank.example',
    GATEWAY_TRACE_ENDPOINT: collector.url,
    GATEWAY_TRACE_SAMPLE_RATIO: '1',
    GATEWAY_TRACE_HEADERS_FILE: headersFile,
    GATEWAY_TRACE_SERVICE_NAME: 'bank-gateway',
    GATEWAY_TRACE_ATTRIBUTES: 'deployment.environment.name=live,team=a=b',
  })
}, 60_000)
afterAll(async () => {
  await platform?.close()
  await Promise.all(open.map((thing) => thing.close()))
})

const key = () => ({ 'x-api-key': api.key })
const newTraceId = () => randomBytes(16).toString('hex')
const header = (seen: { headers: readonly string[] }, name: string) =>
  seen.headers[seen.headers.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === name) + 1]
const callOf = (spans: ReceivedSpan[]) => spans.find(({ kind }) => kind === spanKind.server)!
const attemptsOf = (spans: ReceivedSpan[]) => spans.filter(({ kind }) => kind === spanKind.client)

describe('a recorded call', () => {
  test('is one span, and one below it for the target, which is told its id', async () => {
    const traceId = newTraceId()
    const traceparent = `00-${traceId}-00f067aa0ba902b7-00`
    const headers = { ...key(), traceparent, tracestate: 'shop=1' }
    await call(`${traced.url}/payments/v1/accounts/17/balance`, { headers })
    const spans = await collector.trace(traceId, 2)
    const [whole, [attempt]] = [callOf(spans), attemptsOf(spans)]
    expect(whole).toMatchObject({
      name: 'GET /payments/v1/accounts/{id}/balance',
      parentSpanId: '00f067aa0ba902b7',
      traceState: 'shop=1',
      isError: false,
      attributes: {
        'http.request.method': 'GET',
        'http.route': '/payments/v1/accounts/{id}/balance',
        'http.response.status_code': 200,
        'url.scheme': 'http',
        'client.address': '127.0.0.1',
        'server.address': 'api.bank.example',
        'server.port': 443,
        'gateway.api': 'payments',
        'gateway.version': 'v1',
        'gateway.operation': 'balance',
        'gateway.application.id': api.applicationId,
        'gateway.partner.id': api.partnerId,
        'gateway.environment': 'live',
        'gateway.attempts': 1,
      },
      resource: {
        'service.name': 'bank-gateway',
        'service.instance.id': 'gateway-one',
        'deployment.environment.name': 'live',
        team: 'a=b',
        'telemetry.sdk.language': 'nodejs',
      },
    })
    expect(attempt).toMatchObject({
      name: 'GET',
      parentSpanId: whole.spanId,
      isError: false,
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'server.address': '127.0.0.1',
        'server.port': Number(new URL(bank.url).port),
        'gateway.upstream': 'payments-service',
        'gateway.target': 't1',
      },
    })
    const told = bank.seen.at(-1)!
    expect(header(told, 'traceparent')).toBe(`00-${traceId}-${attempt!.spanId}-01`)
    expect(header(told, 'tracestate')).toBe('shop=1')
    expect([whole.start <= attempt!.start, attempt!.start < attempt!.end, attempt!.end <= whole.end]).toEqual(
      [true, true, true],
    )
    expect(collector.headers.at(-1)).toMatchObject({ 'x-collector-key': collectorKey })
  })

  test('begins a trace where the caller names none; the access log names the same', async () => {
    const answer = await call(`${traced.url}/payments/v1/payment`, {
      method: 'POST',
      headers: key(),
      body: '{}',
    })
    const traceId = String(answer.headers['x-request-id']).replaceAll('-', '')
    const spans = await collector.trace(traceId, 2)
    expect(callOf(spans).parentSpanId).toBeUndefined()
    const line = await until(() => logLine(traced, traceId))
    expect(line).toMatchObject({ trace: traceId, operation: 'pay', status: 200 })
  })

  test('has a span for each try, with what became of it', async () => {
    const gone = await upstream().refuses()
    const spare = await upstream().answers(200)
    open.push(spare)
    const two = await publishDemo(platform, { name: 'two', targets: [{ url: gone.url }, { url: spare.url }] })
    await traced.serves(two.snapshot)
    const post = async () => {
      const traceId = newTraceId()
      const headers = { 'x-api-key': two.key, traceparent: `00-${traceId}-00f067aa0ba902b7-01` }
      await call(`${traced.url}/two/v1/payment`, { method: 'POST', headers, body: '{}' })
      const spans = await collector.trace(traceId, 2)
      return spans.length === 3 ? spans : undefined
    }
    const spans = await until(post, { timeoutMs: 20_000 })
    const [first, second] = attemptsOf(spans).sort((a, b) => (a.start < b.start ? -1 : 1))
    expect(first).toMatchObject({
      isError: true,
      attributes: { 'gateway.target': 't1', 'error.type': 'upstream-unreachable' },
    })
    expect(first!.attributes).not.toHaveProperty(['http.response.status_code'])
    expect(second).toMatchObject({
      isError: false,
      attributes: {
        'gateway.target': 't2',
        'http.request.resend_count': 1,
        'http.response.status_code': 200,
      },
    })
    expect([first!.end <= second!.start, first!.spanId !== second!.spanId]).toEqual([true, true])
    expect(callOf(spans)).toMatchObject({ isError: false, attributes: { 'gateway.attempts': 2 } })
    expect(header(spare.seen.at(-1)!, 'traceparent')).toContain(second!.spanId)
  }, 30_000)

  test('that was refused is one span, with its problem', async () => {
    const traceId = newTraceId()
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`
    await call(`${traced.url}/payments/v1/files`, { headers: { traceparent, 'x-api-key': 'none' } })
    const spans = await collector.trace(traceId, 1)
    expect(spans).toHaveLength(1)
    expect(spans[0]).toMatchObject({
      kind: spanKind.server,
      isError: false, // 4xx: by the semantic conventions the server is not at fault
      attributes: { 'http.response.status_code': 401, 'gateway.attempts': 0 },
    })
    const { attributes } = spans[0]!
    expect(attributes['gateway.problem']).toBe(attributes['error.type'])
    expect(attributes['gateway.problem']).toMatch(/^[a-z-]+$/)
  })

  test('of a WebSocket lasts until it closes', async () => {
    const service = await startService((_, res) => res.end())
    open.push(service)
    const sockets = new WebSocketServer({ server: service.server })
    open.push(sockets)
    const live = await publishDemo(platform, { name: 'live', targets: [{ url: service.url }] })
    await traced.serves(live.snapshot)
    const traceId = newTraceId()
    const headers = { 'x-api-key': live.key, traceparent: `00-${traceId}-00f067aa0ba902b7-01` }
    const socket = new WebSocket(`${traced.url.replace('http', 'ws')}/live/v1/files`, { headers })
    const [[, request]] = await Promise.all([once(sockets, 'connection'), once(socket, 'open')])
    const closed = once(socket, 'close')
    socket.close()
    await closed
    const spans = await collector.trace(traceId, 2)
    expect(callOf(spans).attributes).toMatchObject({ 'http.response.status_code': 101 })
    expect(request.headers.traceparent).toBe(`00-${traceId}-${attemptsOf(spans)[0]!.spanId}-01`)
  })

  test('tells the collector nothing that a caller wrote', async () => {
    const traceId = newTraceId()
    const secrets = ['4111111111111111', 'S3cretQuery', 'S3cretHeader', 'S3cretBody', 'S3cretAgent']
    const [card, query, value, body, agent] = secrets
    await call(`${traced.url}/payments/v1/accounts/${card}/balance?token=${query}`, {
      headers: {
        ...key(),
        traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
        'x-note': value!,
        'user-agent': agent!,
      },
    })
    await call(`${traced.url}/payments/v1/payment?${query}`, { method: 'POST', headers: key(), body: body! })
    await call(`${traced.url}/nowhere/${card}`, { headers: { ...key(), 'x-note': value! } })
    await collector.trace(traceId, 2)
    await until(() =>
      collector.spans.some(({ attributes }) => attributes['gateway.problem'] === 'route-unknown'),
    )
    const all = collector.bodies.join('\n')
    expect([...secrets, api.key, collectorKey].filter((secret) => all.includes(secret))).toEqual([])
    expect(traced.output()).not.toContain(collectorKey)
  })

  test('is sent before the gateway ends', async () => {
    const ending = await platform.gateway({
      GATEWAY_TRACE_ENDPOINT: collector.url,
      GATEWAY_TRACE_SAMPLE_RATIO: '1',
    })
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const answer = await call(`${ending.url}/payments/v1/files`, { headers: key() })
        return String(answer.headers['x-request-id']).replaceAll('-', '')
      }),
    )
    expect(await ending.stop()).toBe(0)
    expect(ids.map((id) => collector.spans.filter(({ traceId }) => traceId === id).length)).toEqual(
      Array(20).fill(2),
    )
  }, 30_000)
})

describe('a collector that is away', () => {
  test('costs spans and nothing else, and how many is counted', async () => {
    const away = await upstream().refuses()
    const gateway = await platform.gateway({
      GATEWAY_THREADS: '1',
      GATEWAY_TRACE_ENDPOINT: `${away.url}/v1/traces`,
      GATEWAY_TRACE_SAMPLE_RATIO: '1',
      GATEWAY_TRACE_MAX_QUEUED_SPANS: '16',
    })
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async () => {
        return (await call(`${gateway.url}/payments/v1/files`, { headers: key() })).status
      }),
    )
    expect(new Set(statuses)).toEqual(new Set([200]))
    const count = async (outcome: string) =>
      Number(
        new RegExp(`^gateway_trace_spans_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm').exec(
          await gateway.metrics(),
        )?.[1] ?? 0,
      )
    // 200 spans: 16 on the way at first, 16 that wait for them, and the rest has no room.
    await until(async () => (await count('dropped')) >= 160)
    await until(async () => (await count('failed')) >= 16, { timeoutMs: 20_000 })
    expect(await count('sent')).toBe(0)
    await until(() => gateway.output().includes('the collector of traces does not take spans'))
    expect(await gateway.stop()).toBe(0)
  }, 60_000)
})

describe('while no collector is named', () => {
  test('nothing of OpenTelemetry is loaded, and the access log names the trace all the same', async () => {
    expect(traced.output()).toContain('/node_modules/@opentelemetry/sdk-trace/') // what looks for it can find it
    const plain = await platform.gateway(sayLoaded)
    const traceId = newTraceId()
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`
    const before = collector.bodies.length
    await call(`${plain.url}/payments/v1/files`, { headers: { ...key(), traceparent } })
    expect(header(bank.seen.at(-1)!, 'traceparent')).toBe(traceparent)
    expect(await until(() => logLine(plain, traceId))).toMatchObject({ trace: traceId, status: 200 })
    expect(await plain.stop()).toBe(0)
    expect(plain.output()).not.toContain('@opentelemetry')
    expect(collector.bodies).toHaveLength(before)
  }, 30_000)
})

/** The line of the access log that names the trace. */
function logLine(gateway: GatewayProcess, traceId: string): Record<string, unknown> | undefined {
  const line = gateway
    .output()
    .split('\n')
    .find((text) => text.includes('"name":"access"') && text.includes(traceId))
  return line === undefined ? undefined : JSON.parse(line)
}
