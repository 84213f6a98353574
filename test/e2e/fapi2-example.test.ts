import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type RunningDemo, startDemo } from '../support/demo.ts'
import { ada, browser } from '../support/people.ts'
import { until } from '../support/until.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'fapi2-'))
let running: RunningDemo
beforeAll(async () => {
  const ports = { GATEWAY_PORT: '0', ADMIN_PORT: '0', GATEWAY_METRICS_PORT: '0' }
  running = await startDemo({ DATA_DIR: dataDir, ...ports, GATEWAY_THREADS: '2' })
}, 120_000)
afterAll(async () => {
  await running?.end()
  rmSync(dataDir, { recursive: true, force: true })
}, 60_000)

test('the shop of the documentation has a payment allowed under FAPI 2.0, and makes it', async () => {
  const env = { ...process.env, DEMO: join(dataDir, 'demo.json') }
  const shop = spawn(process.execPath, ['examples/fapi2-client.ts'], { env })
  let said = ''
  for (const stream of [shop.stdout, shop.stderr]) stream.on('data', (bytes) => (said += bytes))
  const ended = once(shop, 'exit')
  try {
    const address = new URL(await until(() => /http\S+/.exec(said)?.[0], { timeoutMs: 20_000 }))
    const visitor = browser(address.origin)
    const { location } = await visitor.get(address.pathname + address.search)
    const signIn = await visitor.get(new URL(location, address).pathname)
    let page = await visitor.submit(signIn, 'sign-in', ada)
    if (page.location) page = await visitor.get(new URL(page.location, address).pathname)
    expect(page.body).toContain('12.50')
    const decided = await visitor.submit(page, 'decide', { decision: 'allow' })
    await fetch(decided.location)
    await ended
    expect(said).toContain('the token is for dpop only')
    expect(said).toContain('200 {"status":"success"')
  } finally {
    shop.kill()
  }
}, 60_000)
