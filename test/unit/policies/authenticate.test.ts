import { describe, expect, test } from '@jest/globals'
import { authenticate } from '../../../policies/authenticate/index.ts'
import { checkPolicyConfig } from '../../../policies/index.ts'
import type { Deps } from '../../../policies/policy.ts'
import { problem } from '../../../registry/base/problem.ts'
import { newSecret } from '../../../registry/base/secrets.ts'
import { ask, compile, exchange, identity, liveKey, liveToken, route } from '../../support/policy-run.ts'

const hooks = compile(authenticate)
const withKey = (key = liveKey) => exchange({ headers: { 'x-api-key': key } })
const withHeader = (authorization: string) => exchange({ headers: { authorization } })
const never = (): never => {
  throw new Error('nothing was to be looked up')
}
const noLookups: Partial<Deps> = { findIdentityByKey: never, findIdentityByToken: never }

describe('authenticate', () => {
  test('knows the caller by API key', async () => {
    const x = withKey()
    await ask(hooks, x)
    expect(x.identity).toMatchObject({ applicationId: 'app_1', method: 'api-key' })
  })

  test.each(['Bearer', 'bearer', 'BEARER'])(
    'knows the caller by access token under the scheme %s',
    async (scheme) => {
      const x = withHeader(`${scheme} ${liveToken}`)
      await ask(hooks, x)
      expect(x.identity).toMatchObject({ applicationId: 'app_1', method: 'bearer' })
    },
  )

  test('puts the call into the environment of its credential', async () => {
    const x = withKey()
    await ask(compile(authenticate, {}, { findIdentityByKey: () => identity({ environment: 'sandbox' }) }), x)
    expect(x.environment).toBe('sandbox')
  })

  test('answers at once when the credential is at hand, and waits only when it must be fetched', async () => {
    expect(hooks.onRequest!(withKey())).toBeUndefined()
    const fetching = compile(authenticate, {}, { findIdentityByKey: async () => identity() })
    const x = withKey()
    const outcome = fetching.onRequest!(x)
    expect(outcome).toBeInstanceOf(Promise)
    await outcome
    expect(x.identity).toBeDefined()
  })

  test('asks for a credential by a challenge for each method', async () => {
    await expect(ask(hooks, exchange())).rejects.toMatchObject({
      code: 'credential-missing',
      detail: 'Send an access token (Authorization: Bearer …), or an API key in the header x-api-key.',
      headers: {
        'WWW-Authenticate':
          'Bearer realm="https://api.bank.example", resource_metadata="https://api.bank.example/.well-known/oauth-protected-resource/payments/v1", ' +
          'DPoP realm="https://api.bank.example", algs="PS256 ES256 EdDSA Ed25519", resource_metadata="https://api.bank.example/.well-known/oauth-protected-resource/payments/v1", ' +
          'ApiKey realm="https://api.bank.example", header="x-api-key"',
      },
    })
  })

  test('refuses an unknown key, and an unknown token with invalid_token', async () => {
    await expect(ask(hooks, withKey(newSecret('api-key:live')))).rejects.toMatchObject({
      code: 'credential-invalid',
    })
    await expect(ask(hooks, withHeader(`Bearer ${newSecret('access-token:live')}`))).rejects.toMatchObject({
      code: 'token-invalid',
      headers: { 'WWW-Authenticate': expect.stringContaining('error="invalid_token"') },
    })
  })

  test.each([
    ['a key', { 'x-api-key': [liveKey, liveKey] }, 'credential-invalid'],
    ['a token', { authorization: 'Bearer' }, 'request-malformed'],
    ['a token', { authorization: 'DPoP ' }, 'request-malformed'],
    ['a token', { authorization: 'Bearer ' }, 'request-malformed'],
    ['a token', { authorization: `Bearer ${liveToken} x` }, 'request-malformed'],
  ])('tells without a look-up that %s in %j is none', async (_what, headers, code) => {
    await expect(ask(compile(authenticate, {}, noLookups), exchange({ headers }))).rejects.toMatchObject({
      code,
    })
  })

  test.each(['Basic YTpi', 'Bearerx y', 'DPoPx y'])('takes "%s" for no credential at all', async (value) => {
    await expect(ask(compile(authenticate, {}, noLookups), withHeader(value))).rejects.toMatchObject({
      code: 'credential-missing',
    })
  })

  test('never looks for a key in the query', async () => {
    const x = exchange({ query: `?x-api-key=${liveKey}&access_token=${liveToken}` })
    await expect(ask(compile(authenticate, {}, noLookups), x)).rejects.toMatchObject({
      code: 'credential-missing',
    })
  })

  test('refuses what has expired in the cache meanwhile', async () => {
    const later = compile(
      authenticate,
      {},
      { now: () => 1_000, findIdentityByKey: () => identity({ expiresAt: 1_000 }) },
    )
    await expect(ask(later, withKey())).rejects.toMatchObject({ code: 'credential-invalid' })
  })

  test('does not fall back to the other credential when the first is bad', async () => {
    const x = exchange({ headers: { authorization: 'Bearer nonsense', 'x-api-key': liveKey } })
    await expect(ask(hooks, x)).rejects.toMatchObject({ code: 'token-invalid' })
    expect(x.identity).toBeUndefined()
  })

  test('reads the key from the header it is told to', async () => {
    const x = exchange({ headers: { 'x-partner-key': liveKey } })
    await ask(compile(authenticate, { apiKeyHeader: 'x-partner-key', methods: ['api-key'] }), x)
    expect(x.identity).toBeDefined()
  })

  test('refuses when the store is away: nobody is let in unproved', async () => {
    const storeAway = async () => {
      throw problem('store-unavailable')
    }
    const broken = compile(authenticate, { isRequired: false }, { findIdentityByKey: storeAway })
    await expect(ask(broken, withKey())).rejects.toMatchObject({ code: 'store-unavailable' })
  })

  test('lets calls without a credential through only where that is configured, and never a bad one', async () => {
    const optional = compile(authenticate, { isRequired: false })
    await expect(ask(optional, exchange())).resolves.toBeUndefined()
    await expect(ask(optional, withKey('nonsense'))).rejects.toMatchObject({ code: 'credential-invalid' })
  })

  test('opens an operation by its document only where that is configured', async () => {
    const open = () =>
      exchange({}, { route: route({ operation: { ...route().operation, isAnonymous: true } }) })
    await expect(ask(hooks, open())).rejects.toMatchObject({ code: 'credential-missing' })
    const honouring = compile(authenticate, { honourAnonymous: true })
    await expect(ask(honouring, open())).resolves.toBeUndefined()
    await expect(ask(honouring, exchange())).rejects.toMatchObject({ code: 'credential-missing' })
  })

  test('strikes both credentials from what the service gets', () => {
    const headers = [
      'Authorization',
      `Bearer ${liveToken}`,
      'X-Api-Key',
      liveKey,
      'Accept',
      '*/*',
      'x-api-key',
      'again',
    ]
    const x = exchange({}, { outgoing: { method: 'GET', path: '/', headers } })
    compile(authenticate, { methods: ['api-key'] }).onUpstream!(x)
    expect(headers).toEqual(['Accept', '*/*'])
  })

  test('cannot be told to read the key from a header that means something else', () => {
    for (const apiKeyHeader of ['authorization', 'host', 'cookie'])
      expect(checkPolicyConfig('authenticate', { apiKeyHeader })).toMatchObject([
        { pointer: '/apiKeyHeader' },
      ])
  })

  test('never puts the credential into the refusal', async () => {
    const key = newSecret('api-key:live')
    const refusal = await ask(hooks, withKey(key)).catch((error) => error)
    expect(JSON.stringify({ ...refusal, message: refusal.message })).not.toContain(key)
  })
})
