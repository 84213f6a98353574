import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { hasHaproxy, startHaproxy } from '../support/haproxy.ts'
import { callOnce, connections, startLoad } from '../support/load.ts'
import { type Demo, type Platform, publishDemo, startPlatform } from '../support/platform.ts'
import { freePort } from '../support/redis.ts'
import { startTarget, type TargetProcess } from '../support/target-process.ts'
import { until } from '../support/until.ts'

/** Much longer than the balancers need to notice, on a slow machine, too. */
const delay = { GATEWAY_DRAIN_DELAY_MS: '2000' }

let platform: Platform
let target: TargetProcess
let gateways: GatewayProcess[]
let demo: Demo
let balancer: Balancer
const agent = connections(6)

beforeAll(async () => {
  ;[platform, target] = await Promise.all([startPlatform(), startTarget()])
  demo = await publishDemo(platform, { targets: [{ url: target.url }] })
  gateways = await Promise.all([1, 2, 3].map(startGateway))
  await Promise.all(gateways.map((gateway) => gateway.serves(demo.snapshot)))
  balancer = startBalancer(gateways)
  await until(() => balancer.ready() === 3)
}, 90_000)

afterAll(async () => {
  agent.destroy()
  await balancer?.stop()
  await platform?.close()
  await target?.kill()
})

/** At ports that no connection is given meanwhile: it comes back to them. */
const startGateway = async () =>
  platform.gateway({
    GATEWAY_PORT: String(await freePort()),
    GATEWAY_METRICS_PORT: String(await freePort()),
    LOG_ACCESS: 'off',
    ...delay,
  })

const path = '/payments/v1/payment'
const payment = (id: string) => ({
  method: 'POST',
  body: '{"amount":1}',
  headers: { 'x-api-key': demo.key, 'content-type': 'application/json', 'x-call': id },
})

/** Ends one gateway and starts it again at the same addresses. */
async function restart(gateway: GatewayProcess): Promise<GatewayProcess> {
  await until(() => balancer.ready() === 3, { timeoutMs: 20_000 })
  expect(await gateway.stop()).toBe(0)
  return platform.gateway({
    GATEWAY_PORT: String(gateway.port),
    GATEWAY_METRICS_PORT: new URL(gateway.privateUrl).port,
    LOG_ACCESS: 'off',
    ...delay,
  })
}

describe('a rolling restart of three gateways under load', () => {
  const proxies = hasHaproxy
    ? 'a health-checking client and HAProxy'
    : 'a health-checking client (no HAProxy here)'
  test(`loses no call and doubles no payment, behind ${proxies}`, async () => {
    const haproxy = hasHaproxy ? await startHaproxy(gateways) : undefined
    const load = startLoad({ workers: 8, call: (n) => balancer.call(path, payment(`own-${n}`)) })
    const through = haproxy
      ? startLoad({
          workers: 6,
          call: (n) => callOnce(haproxy.url + path, { ...payment(`haproxy-${n}`), agent }),
        })
      : undefined
    for (const [i, gateway] of gateways.entries()) {
      const from = load.total()
      await until(() => load.total() > from + 100, { timeoutMs: 30_000 })
      gateways[i] = await restart(gateway)
    }
    await until(() => balancer.ready() === 3, { timeoutMs: 20_000 })
    await Promise.all([load.stop(), through?.stop()])
    await haproxy?.stop()
    expect([load.faults, through?.faults ?? []]).toEqual([[], []])
    const sent = load.total() + (through?.total() ?? 0)
    expect(target.heard()).toHaveLength(sent)
    expect(new Set(target.heard()).size).toBe(sent)
  }, 120_000)
})
