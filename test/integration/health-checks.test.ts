import { createServer, type Server } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createHealthChecks } from '../../gateway/health-checks.ts'
import { isExpected, probe } from '../../gateway/health-probe.ts'
import type { SealedUpstream } from '../../registry/model.ts'
import { ActiveCheck } from '../../registry/upstream-health.ts'
import { listen, shut } from '../support/seen.ts'
import { until } from '../support/until.ts'

const open: { close(): unknown }[] = []
afterEach(() => Promise.all(open.splice(0).map((thing) => thing.close())))

/** A service whose answer the test sets. */
async function service() {
  const asked: string[] = []
  const state = { status: 200, isSilent: false, asked, url: '', server: undefined as unknown as Server }
  state.server = createServer((req, res) => {
    asked.push(`${req.method} ${req.url}`)
    if (!state.isSilent) res.writeHead(state.status).end('fine')
  })
  state.url = await listen(state.server)
  open.push({ close: () => shut(state.server) })
  return state
}

const check = (more: object = {}) => ActiveCheck.parse({ intervalMs: 100, timeoutMs: 500, ...more })
const target = (url: string, more: object = {}) => ({ url, check: check(more), caCertificate: undefined })

describe('one check', () => {
  test('passes for an expected status of the path, and says what else it found', async () => {
    const bank = await service()
    expect(await probe(target(bank.url, { path: '/health?deep=1' }))).toBeUndefined()
    expect(bank.asked).toEqual(['GET /health?deep=1'])
    bank.status = 500
    expect(await probe(target(bank.url))).toBe('check-status')
    expect(await probe(target(bank.url, { expectedStatuses: ['200', '500-599'] }))).toBeUndefined()
    bank.isSilent = true
    expect(await probe(target(bank.url, { timeoutMs: 20 }))).toBe('check-timeout')
    await shut(bank.server)
    expect(await probe(target(bank.url))).toBe('check-failed')
  })

  test('of a connection passes when it is taken', async () => {
    const server = createTcpServer()
    const url = await listen(server as never)
    expect(await probe(target(url, { type: 'tcp' }))).toBeUndefined()
    await new Promise((resolve) => server.close(resolve))
    expect(await probe(target(url, { type: 'tcp' }))).toBe('check-failed')
  })

  test.each([
    [200, ['200'], true],
    [201, ['200'], false],
    [299, ['200-299'], true],
    [300, ['200-299'], false],
    [404, ['200-299', '404'], true],
  ])('status %d fits %j: %s', (status, ranges, fits) => {
    expect(isExpected(status, ranges)).toBe(fits)
  })
})

describe('the checks of a target', () => {
  const upstreamWith = (activeCheck: object | null) =>
    ({ id: 'ups_1', activeCheck: activeCheck && check(activeCheck) }) as unknown as SealedUpstream

  function watch(url: string) {
    const said: string[] = []
    const health = {
      setChecked: (isHealthy: boolean, reason: string) => void said.push(`${isHealthy} ${reason}`),
    }
    const checks = createHealthChecks(probe, () => 0)
    open.push({ close: checks.end })
    const follow = (activeCheck: object | null) => {
      const checked = {
        key: 'ups_1/a',
        upstream: upstreamWith(activeCheck),
        target: { id: 'a', url },
        health,
      }
      checks.follow([checked as never])
    }
    return { said, follow, checks }
  }

  test('so many in a row must agree before anything changes', async () => {
    const bank = await service()
    const { said, follow } = watch(bank.url)
    follow({ healthyThreshold: 2, unhealthyThreshold: 3 })
    await until(() => bank.asked.length >= 2 && said.includes('true check-passed'))
    bank.status = 503
    const before = bank.asked.length
    await until(() => said.includes('false check-status'))
    expect(bank.asked.length - before).toBeGreaterThanOrEqual(3)
    bank.status = 200
    said.length = 0
    await until(() => said.includes('true check-passed'))
  })

  test('go on over a publish that leaves them as they are, and end with it otherwise', async () => {
    const bank = await service()
    const { said, follow, checks } = watch(bank.url)
    follow({ path: '/one' })
    await until(() => bank.asked.includes('GET /one'))
    follow({ path: '/one' })
    follow({ path: '/two' })
    await until(() => bank.asked.includes('GET /two'))
    const ones = bank.asked.filter((line) => line.endsWith('/one')).length
    const twos = () => bank.asked.filter((line) => line.endsWith('/two')).length
    await until(() => twos() >= 3)
    expect(bank.asked.filter((line) => line.endsWith('/one')).length).toBeLessThanOrEqual(ones + 1)
    follow(null)
    expect(said.at(-1)).toBe('true check-removed')
    checks.follow([])
  })
})
