import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Echo, startEcho } from '../support/echo.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { openWire } from '../support/wire.ts'

/** What the gateway checked is what the service acts on: no header and no path may tell the service of another call. */

let stage: Stage
let echo: Echo
let api: StagedApi
beforeAll(async () => {
  stage = await startStage()
  echo = stage.keep(await startEcho())
  api = await stage.api('twice', { targets: [{ url: echo.url }], upstream: { preserveHost: true } })
}, 60_000)
afterAll(() => stage?.close())

/** @returns the status, and what the service saw in one text of lower case; '' when it saw nothing */
async function ask(path: string, headers: readonly string[] = [], host = 'gateway.test') {
  const before = echo.seen.length
  const wire = openWire(stage.gateway.port)
  const lines = [`Host: ${host}`, `x-api-key: ${api.key}`, ...headers, 'Connection: close']
  wire.say(`GET ${api.path}${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  await wire.ends()
  const seen = echo.seen.slice(before).map((s) => `${s.url} ${s.headers.join('\n')}`)
  return { status: wire.statuses()[0], seen: seen.join('').toLowerCase() }
}

describe('a path that a service would resolve to another', () => {
  test.each([
    '/accounts/..;/balance',
    '/accounts/..;a=b/balance',
    '/accounts/.;/balance',
    '/accounts/%2e%2e;/balance',
    '/accounts/%2e%2e%3b/balance',
    '/accounts/..%3B/balance',
    '/accounts/%c0%ae%c0%ae/balance',
    '/accounts/%e0%80%af/balance',
    '/accounts/%f0%80%80%af/balance',
    '/accounts/a%0d%0aX-Role:admin/balance',
    '/accounts/a%7f/balance',
  ])('%s is refused', async (path) => {
    expect(await ask(path)).toEqual({ status: 400, seen: '' })
  })

  test.each(['/accounts/a;b=c/balance', '/accounts/...;a/balance', '/accounts/caf%C3%A9/balance'])(
    '%s is none',
    async (path) => expect(await ask(path)).toMatchObject({ status: 200 }),
  )
})

test.each([
  'gateway.test:@evil.test',
  'gateway.test:80@evil.test',
  'gateway.test:80/../x',
  'gateway.test:";for=6.6.6.6',
  'gateway.test:\\',
  'gateway.test:123456',
])('the Host %s is refused: links are built from it', async (host) => {
  expect(await ask('/accounts/1/balance', [], host)).toEqual({ status: 400, seen: '' })
})

test.each(['gateway.test:8000', 'gateway.test:', '[::1]:80', 'GATEWAY.test'])(
  'the Host %s is taken',
  async (host) => expect(await ask('/accounts/1/balance', [], host)).toMatchObject({ status: 200 }),
)

test.each([
  // another path or method than the one that was authorised
  'X-Original-URL',
  'X-Rewrite-URL',
  'X-HTTP-Method-Override',
  'X-HTTP-Method',
  'X-Method-Override',
  'X_HTTP_Method_Override',
  // read by CGI as HTTP_PROXY
  'Proxy',
  // another caller, host or place
  'X-Forwarded-Prefix',
  'X-Forwarded-Server',
  'X_Forwarded_Prefix',
  'X-Client-IP',
  'True-Client-IP',
  'CF-Connecting-IP',
  // another body
  'Content_Length',
  'Transfer_Encoding',
])('the header %s does not reach the service', async (name) => {
  const { status, seen } = await ask('/accounts/1/balance', [`${name}: from-a-stranger`])
  expect(status).toBe(200)
  expect(seen).not.toContain('from-a-stranger')
})
