import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { DemoFile } from '../../scripts/demo/print.ts'
import { isListening, paste, type RunningDemo, startDemo, startDemoAndWait } from '../support/demo.ts'
import { until } from '../support/until.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'demo-'))
const env = {
  DATA_DIR: dataDir,
  GATEWAY_PORT: '0',
  ADMIN_PORT: '0',
  GATEWAY_METRICS_PORT: '0',
  GATEWAY_THREADS: '2',
}
let running: RunningDemo
let demo: DemoFile

beforeAll(async () => {
  running = await startDemo(env)
  demo = running.demo
}, 120_000)
afterAll(async () => {
  await running?.end()
  rmSync(dataDir, { recursive: true, force: true })
}, 60_000)

const pay = (headers: Record<string, string>) =>
  fetch(demo.gateway + demo.paymentPath, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ amount: 100, account_id: 'acc_1' }),
  })

async function newToken(): Promise<string> {
  const response = await fetch(demo.tokenEndpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${demo.clientId}:${demo.clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  return ((await response.json()) as { access_token: string }).access_token
}

describe('npm start', () => {
  test('serves a payment with the API key that it prints', async () => {
    await until(() => running.output().includes(demo.apiKey)) // printed last, after the file was written
    const response = await pay({ 'x-api-key': demo.apiKey })
    expect([response.status, await response.json()]).toEqual([
      200,
      expect.objectContaining({ status: 'success' }),
    ])
  })

  test('serves a payment with a token of the client that it prints', async () => {
    const response = await pay({ authorization: `Bearer ${await newToken()}` })
    expect(response.status).toBe(200)
  })

  test('refuses strangers, and the path whose scope the client lacks', async () => {
    const stranger = await pay({})
    expect(stranger.status).toBe(401)
    expect(stranger.headers.get('www-authenticate')).toMatch(/^Bearer/)
    const authorization = `Bearer ${await newToken()}`
    const denied = await fetch(demo.gateway + demo.deniedScopePath, { headers: { authorization } })
    expect(denied.status).toBe(403)
  })

  // The machine may be a bare one; curl is the reader's, not ours.
  const testWithCurl = spawnSync('curl', ['--version']).status === 0 ? test : test.skip
  testWithCurl('prints three lines that work when pasted', async () => {
    const lines = running.output().match(/^(curl|TOKEN=|for ) ?.*$/gm) ?? []
    const answers: string[] = []
    for (const line of lines) answers.push(await paste(line))
    expect(answers).toEqual([
      expect.stringContaining('HTTP/1.1 200'),
      expect.stringContaining('HTTP/1.1 200'),
      '200\n200\n200\n200\n200\n429\n429\n',
    ])
  })

  test('shows metrics, and the admin API to its token only', async () => {
    expect(await (await fetch(`${demo.metrics}/metrics`)).text()).toMatch(/_bucket\{.*le=/)
    const asked = (authorization?: string) =>
      fetch(`${demo.admin}/api/apis`, { headers: authorization ? { authorization } : {} })
    expect((await asked()).status).toBe(401)
    expect((await asked(`Bearer ${demo.adminToken}`)).status).toBe(200)
  })

  test('keeps what is secret from other users of the machine', () => {
    for (const name of ['demo.json', 'demo-credentials.json', 'secrets.json', 'redis/redis.conf'])
      expect(statSync(join(dataDir, name)).mode & 0o077).toBe(0)
  })

  test('refuses to start twice on one data folder', async () => {
    const { code, output } = await startDemoAndWait(env)
    expect([code, output]).toEqual([1, expect.stringContaining('is in use by process')])
  })

  test('stops all that it started on Ctrl-C, and keeps everything for the second start', async () => {
    const ports = running.ports()
    expect(await Promise.all(ports.map(isListening))).toEqual(ports.map(() => true))
    expect(await running.end('SIGINT')).toBe(0)
    expect(await Promise.all(ports.map(isListening))).toEqual(ports.map(() => false))

    const before = demo
    running = await startDemo(env)
    demo = running.demo
    const { apiKey, clientId, clientSecret, adminToken } = demo
    expect(before).toMatchObject({ apiKey, clientId, clientSecret, adminToken })
    expect((await pay({ 'x-api-key': apiKey })).status).toBe(200)
  }, 120_000)
})

describe('a start that cannot be', () => {
  test('names the ports that are taken and the variables that move them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'demo-'))
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const { code, output } = await startDemoAndWait({ ...env, DATA_DIR: folder, ADMIN_PORT: String(port) })
    expect([code, output]).toEqual([1, expect.stringContaining(`port ${port} is taken: set ADMIN_PORT`)])
    other.close()
    rmSync(folder, { recursive: true })
  })

  test('ends with the name and the last words of a part that ended by itself', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'demo-'))
    const broken = await startDemo({ ...env, DATA_DIR: folder })
    process.kill(gatewayPid(folder), 'SIGKILL')
    const ports = broken.ports()
    expect(await broken.exited()).toBe(1)
    expect(broken.output()).toMatch(/gateway ended by itself with code 137\.\nThe end of .*gateway\.log:/)
    expect(await Promise.all(ports.map(isListening))).toEqual(ports.map(() => false))
    rmSync(folder, { recursive: true })
  }, 120_000)
})

/** Of the log's first line: each says which process wrote it. */
function gatewayPid(folder: string): number {
  const [line = ''] = readFileSync(join(folder, 'logs', 'gateway.log'), 'utf8').split('\n')
  return (JSON.parse(line) as { pid: number }).pid
}
