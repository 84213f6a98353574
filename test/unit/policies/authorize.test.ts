import { describe, expect, test } from '@jest/globals'
import { authorize } from '../../../policies/authorize.ts'
import { ask, compile, exchange, grant, identity, route } from '../../support/policy-run.ts'

const hooks = compile(authorize)
const subscribed = (scopes: string[] | null) =>
  new Map([['ver_1', { planId: null, scopes: scopes && new Set(scopes) }]])

describe('authorize', () => {
  test('refuses an application that is not subscribed to the version', async () => {
    const x = exchange({}, { identity: identity({ subscriptions: new Map() }) })
    await expect(ask(hooks, x)).rejects.toMatchObject({ code: 'subscription-missing' })
  })

  test('refuses a credential of an environment that the version does not serve', async () => {
    const x = exchange(
      {},
      { identity: identity({ environment: 'sandbox' }), route: route({ environments: ['live'] }) },
    )
    await expect(ask(hooks, x)).rejects.toMatchObject({ code: 'environment-unavailable' })
  })

  test.each([
    // needed, held by the credential, granted by the subscription
    [[], ['a'], null],
    [[['a']], undefined, null],
    [[['a']], ['a'], null],
    [[['a']], undefined, ['a']],
    [[['a', 'b']], ['a', 'b', 'c'], ['a', 'b']],
    [[['x'], ['a']], ['a'], ['a']],
  ])(
    'needing one of %j, a credential with %j under a subscription with %j passes',
    async (needed, held, granted) => {
      const scopes = held && new Set(held)
      const x = exchange(
        {},
        {
          identity: identity({ scopes, subscriptions: subscribed(granted) }),
          route: route({ scopes: needed }),
        },
      )
      await expect(ask(hooks, x)).resolves.toBeUndefined()
    },
  )

  test.each([
    [[['a']], [], null],
    [[['a']], undefined, []],
    [[['a']], ['a'], ['b']],
    [[['a']], ['b'], ['a']],
    [[['a', 'b']], ['a'], ['a', 'b']],
    [[['a', 'b'], ['c']], ['a'], null],
  ])(
    'needing one of %j, a credential with %j under a subscription with %j is refused',
    async (needed, held, granted) => {
      const scopes = held && new Set(held)
      const x = exchange(
        {},
        {
          identity: identity({ scopes, subscriptions: subscribed(granted) }),
          route: route({ scopes: needed }),
        },
      )
      await expect(ask(hooks, x)).rejects.toMatchObject({ code: 'scope-insufficient' })
    },
  )

  test('challenges a bearer with the scopes of the nearest alternative, and tells what is missing', async () => {
    const x = exchange(
      {},
      {
        identity: identity({ method: 'bearer', scopes: new Set(['pay:read']) }),
        route: route({
          scopes: [
            ['admin', 'root'],
            ['pay:read', 'pay:write'],
          ],
        }),
      },
    )
    await expect(ask(hooks, x)).rejects.toMatchObject({
      detail: 'This operation needs "pay:read" and "pay:write"; the call lacks "pay:write".',
      headers: {
        'WWW-Authenticate':
          'Bearer realm="https://api.bank.example", error="insufficient_scope", scope="pay:read pay:write"',
      },
    })
  })

  test('names all scopes of the operation to a token that its person has narrowed', async () => {
    const x = exchange({}, { route: route({ scopes: [['payments:write', 'accounts:read']] }) })
    const scopes = ['accounts:read']
    const allowed = { familyId: 'fam_1', subject: 'ada', scopes }
    x.identity = identity({ method: 'bearer', scopes: new Set(scopes), grant: grant(allowed) })
    await expect(ask(compile(authorize), x)).rejects.toMatchObject({
      code: 'scope-insufficient',
      detail: expect.stringContaining('the call lacks "payments:write"'),
      headers: {
        'WWW-Authenticate': expect.stringContaining(
          'error="insufficient_scope", scope="payments:write accounts:read"',
        ),
      },
    })
  })

  test('does not challenge an API key: there is no other token to get', async () => {
    const x = exchange({}, { identity: identity({ scopes: new Set() }), route: route({ scopes: [['a']] }) })
    await expect(ask(hooks, x)).rejects.toMatchObject({ headers: undefined })
  })

  test('lets an open operation be called by nobody in particular, but not one that asks for scopes', async () => {
    await expect(ask(hooks, exchange())).resolves.toBeUndefined()
    const x = exchange({}, { route: route({ scopes: [['a']] }) })
    await expect(ask(hooks, x)).rejects.toMatchObject({ code: 'credential-missing' })
  })

  test('refuses a token that was asked for another resource, as RFC 6750 wants it', async () => {
    const withToken = (...resources: string[]) =>
      exchange({}, { identity: identity({ method: 'bearer', grant: grant({ resources }) }) })
    const here = 'https://api.bank.example/payments/v1'
    await expect(ask(hooks, withToken())).resolves.toBeUndefined()
    await expect(ask(hooks, withToken('https://api.bank.example/other', here))).resolves.toBeUndefined()
    const refused = {
      code: 'token-invalid',
      headers: { 'WWW-Authenticate': expect.stringContaining('error="invalid_token"') },
    }
    const x = withToken('https://api.bank.example/other')
    await expect(ask(hooks, x)).rejects.toMatchObject(refused)
    await expect(ask(hooks, x)).rejects.toMatchObject(refused)
  })
})
