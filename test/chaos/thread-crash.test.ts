import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { crashThreads, inspectable } from '../support/crash-thread.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { callOnce } from '../support/load.ts'
import { type Demo, type Platform, publishDemo, startPlatform } from '../support/platform.ts'
import { until } from '../support/until.ts'
import { type Upstream, upstream } from '../support/upstream.ts'

let platform: Platform
let echo: Echo
let silent: Upstream
let gateway: GatewayProcess
let quick: Demo
let capped: Demo

beforeAll(async () => {
  ;[platform, echo, silent] = await Promise.all([startPlatform(), startEcho(), upstream().neverAnswers()])
  quick = await publishDemo(platform, { name: 'quick', targets: [{ url: echo.url }] })
  capped = await publishDemo(platform, { name: 'capped', targets: [{ url: silent.url, maxConnections: 2 }] })
  gateway = await platform.gateway(inspectable)
  await gateway.serves(capped.snapshot)
}, 60_000)

afterAll(async () => {
  await platform?.close()
  await Promise.all([echo?.close(), silent?.close()])
})

const call = (name: string, { key }: Demo) =>
  callOnce(`${gateway.url}/${name}/v1/accounts/1/balance`, { headers: { 'x-api-key': key } })
const outcome = (answer: ReturnType<typeof call>) =>
  answer.then(
    ({ status }) => status,
    () => 'broken',
  )

describe('a thread that crashes', () => {
  test('is replaced, gives back what it held, and takes neither the process nor the table along', async () => {
    const first = [call('capped', capped), call('capped', capped)].map(outcome)
    await until(() => silent.seen.length === 2)
    expect(await outcome(call('capped', capped))).toBe(503) // the cap is reached

    await crashThreads(gateway)
    expect(await Promise.all(first)).toEqual(['broken', 'broken'])
    await gateway.serves(capped.snapshot)
    await gateway.serves(capped.snapshot)
    await until(async () => (await outcome(call('quick', quick))) === 200)
    const text = await gateway.metrics()
    expect(text).toContain('gateway_thread_restarts 2\n')
    expect(text).toContain('gateway_threads 2\n')

    const second = [call('capped', capped), call('capped', capped)].map(outcome)
    await until(() => silent.seen.length === 4)
    expect(await outcome(call('capped', capped))).toBe(503)
    expect(gateway.output()).toContain('crashed by a test') // with its stack, for whoever has to find out why
    await gateway.kill()
    await Promise.all(second)
  }, 60_000)

  test('while a table is published costs no more than that thread', async () => {
    const other = await platform.gateway(inspectable)
    const [number] = await Promise.all([quick.publish(), crashThreads(other)])
    await other.serves(number)
    const last = await quick.publish()
    await other.serves(last)
    await until(async () => (await other.readiness()).isReady)
    expect(await other.readiness()).toMatchObject({ snapshot: last, lastError: '' })
  }, 60_000)
})
