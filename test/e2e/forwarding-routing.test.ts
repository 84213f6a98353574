import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { getHeader } from '../../policies/header-list.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { call } from '../support/wire.ts'

/** How a call finds its version, and what the service is then asked. */

let stage: Stage
let echo: Echo
beforeAll(async () => {
  stage = await startStage()
  echo = stage.keep(await startEcho())
}, 60_000)
afterAll(() => stage?.close())

const targets = () => [{ url: echo.url }]
const ask = async (api: StagedApi, path: string, headers: Record<string, string> = {}) => {
  const answer = await call(stage.gateway.url + path, { headers: { 'x-api-key': api.key, ...headers } })
  return { answer, seen: answer.status === 200 ? echo.seen.at(-1)! : undefined }
}
const seenHeader = (name: string) => getHeader(echo.seen.at(-1)!.headers, name)

describe('the base path', () => {
  test('is taken off, and the service’s own path is put before', async () => {
    const api = await stage.api('strip', { targets: targets(), version: { upstreamPath: '/internal/pay' } })
    expect((await ask(api, '/strip/v1/accounts/1/balance?a=b')).seen!.url).toBe(
      '/internal/pay/accounts/1/balance?a=b',
    )
  })

  test('stays where the version says so', async () => {
    const api = await stage.api('keep', {
      targets: targets(),
      version: { stripBasePath: false, upstreamPath: '/x' },
    })
    expect((await ask(api, '/keep/v1/accounts/1/balance')).seen!.url).toBe('/x/keep/v1/accounts/1/balance')
  })

  test('is matched by whole segments', async () => {
    const api = await stage.api('whole', { targets: targets() })
    for (const path of [
      '/whole/v10/accounts/1/balance',
      '/whole/v/accounts/1/balance',
      '/whole/v1accounts/1/balance',
    ])
      expect((await ask(api, path)).answer.status).toBe(404)
  })
})

describe('the version by header', () => {
  test('each value leads to its version, none to the default, an unknown one nowhere', async () => {
    const routing = (value: string, isDefault: boolean) => ({
      by: 'header' as const,
      basePath: '/by-header',
      header: 'api-version',
      value,
      isDefault,
    })
    const one = await stage.api('header-one', {
      targets: targets(),
      version: { routing: routing('2025-01', true), upstreamPath: '/one' },
    })
    const two = await stage.api('header-two', {
      targets: targets(),
      version: { routing: routing('2026-01', false), upstreamPath: '/two' },
    })
    const path = '/by-header/accounts/1/balance'
    expect((await ask(one, path)).seen!.url).toBe('/one/accounts/1/balance')
    expect((await ask(one, path, { 'api-version': '2025-01' })).seen!.url).toBe('/one/accounts/1/balance')
    expect((await ask(two, path, { 'API-Version': '2026-01' })).seen!.url).toBe('/two/accounts/1/balance')
    for (const value of ['2024-01', '', '2025-01, 2026-01']) {
      const { answer } = await ask(one, path, { 'api-version': value })
      expect([answer.status, answer.json().code]).toEqual([404, 'route-unknown'])
      expect(answer.json().detail).toContain('2025-01')
    }
    // A key for one version is none for the other.
    expect((await ask(one, path, { 'api-version': '2026-01' })).answer.status).toBe(403)
  })
})

describe('the version by host', () => {
  test('an exact name, a wildcard of one label, and nothing else', async () => {
    const byHost = (hosts: string[], upstreamPath: string) => ({
      routing: { by: 'host' as const, basePath: '', hosts },
      upstreamPath,
    })
    const exact = await stage.api('host-exact', {
      targets: targets(),
      version: byHost(['pay.bank.test'], '/exact'),
    })
    const wild = await stage.api('host-wild', {
      targets: targets(),
      version: byHost(['*.bank.test'], '/wild'),
    })
    const path = '/accounts/1/balance'
    expect((await ask(exact, path, { host: 'pay.bank.test' })).seen!.url).toBe(`/exact${path}`)
    expect((await ask(exact, path, { host: 'PAY.Bank.Test:8443' })).seen!.url).toBe(`/exact${path}`)
    expect((await ask(wild, path, { host: 'card.bank.test' })).seen!.url).toBe(`/wild${path}`)
    for (const host of [
      'bank.test',
      'a.b.bank.test',
      'evilbank.test',
      'pay.bank.test.evil.test',
      'localhost',
    ])
      expect((await ask(wild, path, { host })).answer.status).toBe(404)
  })
})

describe('what the service is shown', () => {
  test('its own host, or the partner’s where the upstream says so', async () => {
    const own = await stage.api('host-own', { targets: targets() })
    await ask(own, '/host-own/v1/accounts/1/balance', { host: 'pay.bank.test' })
    expect(seenHeader('host')).toBe(new URL(echo.url).host)
    expect(seenHeader('x-forwarded-host')).toBe('pay.bank.test')

    const same = await stage.api('host-same', { targets: targets(), upstream: { preserveHost: true } })
    await ask(same, '/host-same/v1/accounts/1/balance', { host: 'pay.bank.test' })
    expect(seenHeader('host')).toBe('pay.bank.test')
  })

  test('the upstream’s credential, and never the partner’s', async () => {
    const value = 'Bearer the-service-secret'
    const api = await stage.api('sealed', {
      targets: targets(),
      upstream: { credential: { header: 'authorization', value } },
    })
    const path = '/sealed/v1/accounts/1/balance'
    await ask(api, path)
    expect(seenHeader('authorization')).toBe(value)
    // Even a caller that presents one of the same name, or strikes it by Connection.
    await ask(api, path, { connection: 'authorization' })
    const { headers } = echo.seen.at(-1)!
    expect(headers.filter((name) => name.toLowerCase() === 'authorization')).toHaveLength(1)
    expect(seenHeader('authorization')).toBe(value)
    expect(headers.join('\n')).not.toContain(api.key)
    expect(stage.gateway.output()).not.toContain('the-service-secret')
  })

  test('no credential of the partner, also where the upstream has none', async () => {
    const api = await stage.api('bare', { targets: targets() })
    await ask(api, '/bare/v1/accounts/1/balance')
    expect(echo.seen.at(-1)!.headers.join('\n')).not.toContain(api.key)
  })
})

test('a method that is not there is 405 with what is; HEAD is there where GET is', async () => {
  const api = await stage.api('methods', { targets: targets() })
  const at = (method: string, path: string) =>
    call(api.url + path, { method, headers: { 'x-api-key': api.key } })
  const wrong = await at('DELETE', '/files')
  expect([wrong.status, wrong.headers.allow]).toEqual([405, 'GET, HEAD, PUT'])
  expect((await at('HEAD', '/files')).status).toBe(200)
  expect(echo.seen.at(-1)!.method).toBe('HEAD')
  expect((await at('HEAD', '/payment')).status).toBe(405)
})
