import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { loadConfig } from '../../../../registry/base/config.ts'

const key = Buffer.alloc(32, 1).toString('base64')
const folder = mkdtempSync(join(tmpdir(), 'test-people-'))
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
afterAll(() => rmSync(folder, { recursive: true }))

const load = (env: Record<string, string>) => loadConfig({ SECRETS_HASH_KEY: key, ...env })
const hook = {
  GATEWAY_SUBJECT_SOURCE: 'http',
  GATEWAY_SUBJECT_HOOK_URL: 'https://people.bank.example/sign-in',
  GATEWAY_SUBJECT_HOOK_SECRET_FILE: file('hook', `whsec_${key}\n`),
}
const upstream = {
  GATEWAY_SUBJECT_SOURCE: 'oidc',
  GATEWAY_UPSTREAM_LOGIN_ISSUER: 'https://login.bank.example',
  GATEWAY_UPSTREAM_LOGIN_CLIENT_ID: 'gateway',
  GATEWAY_UPSTREAM_LOGIN_CLIENT_SECRET_FILE: file('upstream', 'a secret\n'),
}

describe('the settings of who signs in', () => {
  test('let nobody in unless they are set', () => {
    expect(load({})).toMatchObject({ GATEWAY_SUBJECT_SOURCE: 'none', GATEWAY_PURPOSE: 'production' })
  })

  test('keep the built-in people out of production', () => {
    expect(() => load({ GATEWAY_SUBJECT_SOURCE: 'demo' })).toThrow('everybody knows the passwords')
    const sandbox = { GATEWAY_SUBJECT_SOURCE: 'demo', GATEWAY_PURPOSE: 'sandbox' }
    expect(load(sandbox).GATEWAY_SUBJECT_SOURCE).toBe('demo')
  })

  test('read the secrets of a source from files', () => {
    expect(load(hook).peopleSecrets.hookSecret).toEqual(Buffer.alloc(32, 1))
    expect(load(upstream).peopleSecrets.upstreamClientSecret).toBe('a secret')
  })

  test.each([
    ['a source without its settings', { GATEWAY_SUBJECT_SOURCE: 'http' }, 'GATEWAY_SUBJECT_HOOK_URL'],
    ['another', { GATEWAY_SUBJECT_SOURCE: 'oidc' }, 'GATEWAY_UPSTREAM_LOGIN_CLIENT_SECRET_FILE'],
    ['a hook without TLS', { ...hook, GATEWAY_SUBJECT_HOOK_URL: 'http://10.0.0.1/' }, 'use https'],
    [
      'one on this machine in production',
      { ...hook, GATEWAY_SUBJECT_HOOK_URL: 'http://127.0.0.1/' },
      'use https',
    ],
    [
      'an issuer without TLS',
      { ...upstream, GATEWAY_UPSTREAM_LOGIN_ISSUER: 'http://a.example' },
      'use https',
    ],
    ['a scope without openid', { ...upstream, GATEWAY_UPSTREAM_LOGIN_SCOPE: 'profile' }, 'openid'],
    ['passwords in clear text', { ...hook, GATEWAY_PUBLIC_URL: 'http://api.bank.example' }, 'https only'],
    ['a file that is not there', { ...hook, GATEWAY_SUBJECT_HOOK_SECRET_FILE: '/nowhere' }, 'ENOENT'],
  ])('refuse %s', (_what, env, said) => {
    expect(() => load(env)).toThrow(said)
  })

  test('refuse a secret that is too short, and do not say it', () => {
    const short = { ...hook, GATEWAY_SUBJECT_HOOK_SECRET_FILE: file('short', 'c2hvcnQ=') }
    expect(() => load(short)).toThrow('at least 32 random bytes')
    expect(() => load(short)).not.toThrow('c2hvcnQ=')
  })

  test('take a hook without TLS on this machine in a sandbox', () => {
    const local = { ...hook, GATEWAY_SUBJECT_HOOK_URL: 'http://127.0.0.1:9/', GATEWAY_PURPOSE: 'sandbox' }
    expect(load(local).GATEWAY_SUBJECT_HOOK_URL).toBe('http://127.0.0.1:9/')
  })
})
