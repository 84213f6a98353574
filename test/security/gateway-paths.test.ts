import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Echo, startEcho } from '../support/echo.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { openWire } from '../support/wire.ts'

/** The path that is routed is the path that is authorised and forwarded: what two programs could read in two ways is refused. */

let stage: Stage
let echo: Echo
let api: StagedApi
beforeAll(async () => {
  stage = await startStage()
  echo = stage.keep(await startEcho())
  api = await stage.api('paths', { targets: [{ url: echo.url }] })
}, 60_000)
afterAll(() => stage?.close())

/** Says the request target as it stands. */
async function ask(target: string, method = 'GET', host = 'gateway.test') {
  const wire = openWire(stage.gateway.port)
  wire.say(
    `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nx-api-key: ${api.key}\r\nConnection: close\r\n\r\n`,
  )
  const text = await wire.ends()
  const body = text.slice(text.indexOf('\r\n\r\n') + 4)
  return { status: wire.statuses()[0], code: /"code":"([^"]+)"/.exec(body)?.[1] }
}

describe('is refused and never forwarded', () => {
  test.each([
    '/accounts/../payment',
    '/accounts/./1/balance',
    '/accounts/1/balance/..',
    '/accounts/%2e%2e/payment',
    '/accounts/.%2E/payment',
    '/accounts/%2E/balance',
    '/accounts//balance',
    '//accounts/1/balance',
    '/accounts/1%2Fbalance',
    '/accounts/1%2fbalance',
    '/accounts/a%5Cb/balance',
    '/accounts/a%5cb/balance',
    '/accounts/a\\b/balance',
    '/accounts/a%00/balance',
    '/accounts/a%0/balance',
    '/accounts/a%/balance',
    '/accounts/a%zz/balance',
  ])('%s', async (path) => {
    const before = echo.seen.length
    expect(await ask(api.path + path)).toEqual({ status: 400, code: 'path-ambiguous' })
    expect(echo.seen).toHaveLength(before)
  })

  test.each([
    ['*', 'OPTIONS'],
    ['*', 'GET'],
    ['paths/v1/payment', 'GET'],
    ['http://other.test/paths/v1/accounts/1/balance', 'GET'],
    ['http://gateway.test@other.test/paths/v1/accounts/1/balance', 'GET'],
    ['ftp://gateway.test/paths/v1/accounts/1/balance', 'GET'],
    ['/paths/v1/accounts/1/balance#x', 'GET'],
    ['/paths/v1/accounts/1/balance?x=#y', 'GET'],
    ['/paths/v1/accounts/\xe9/balance', 'GET'],
    ['/paths/v1/accounts/1/balance?x=\xe9', 'GET'],
  ])('the target %s of %s', async (target, method) => {
    const before = echo.seen.length
    expect((await ask(target, method)).status).toBe(400)
    expect(echo.seen).toHaveLength(before)
  })
})

describe('what means the same is made the same, once', () => {
  test.each([
    ['/accounts/%31/balance', '/accounts/1/balance'],
    ['/%61ccounts/1/balance', '/accounts/1/balance'],
    ['/accounts/a%20b%c3%a9/balance', '/accounts/a%20b%C3%A9/balance'],
    ['/accounts/%252e%252e/balance', '/accounts/%252e%252e/balance'],
    ['/accounts/a%3Fb%23c/balance', '/accounts/a%3Fb%23c/balance'],
    ['/accounts/..a/balance', '/accounts/..a/balance'],
    ['/accounts/.../balance', '/accounts/.../balance'],
    ['/accounts/a;b=1/balance', '/accounts/a;b=1/balance'],
    ['/accounts/1/balance?a=/../b//c%2f', '/accounts/1/balance?a=/../b//c%2f'],
  ])('%s', async (asked, seen) => {
    expect((await ask(api.path + asked)).status).toBe(200)
    expect(echo.seen.at(-1)!.url).toBe(seen)
  })

  test('the absolute form, when it names the same host', async () => {
    expect((await ask(`http://GATEWAY.test${api.path}/accounts/1/balance?x`)).status).toBe(200)
    expect(echo.seen.at(-1)!.url).toBe('/accounts/1/balance?x')
  })
})

test('letters of another case, and a slash at the end, are other paths', async () => {
  expect((await ask(`${api.path}/accounts/1/BALANCE`)).status).toBe(404)
  expect((await ask(`${api.path}/accounts/1/balance/`)).status).toBe(404)
})
