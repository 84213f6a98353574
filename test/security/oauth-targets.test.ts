import { describe, expect, test } from '@jest/globals'
import { ClientSettings } from '../../registry/oauth-model.ts'
import { authorizationServer, client, issuer, post, resources, shop, wantsToken } from '../support/oauth.ts'
import { grantStage } from '../support/oauth-grants.ts'

const [payments, accounts] = resources as [string, string]
const payment = {
  type: 'payment_initiation',
  instructedAmount: { currency: 'EUR', amount: '123.50' },
  creditorName: 'Merchant A',
  creditorAccount: { iban: 'DE02100100109307118603' },
} as const

describe('resources of a token', () => {
  test('are those that were asked for, one or several', async () => {
    const server = authorizationServer()
    const one = new URLSearchParams({ ...wantsToken, ...shop, resource: payments })
    await post(server.token, one.toString())
    one.append('resource', accounts)
    await post(server.token, one.toString())
    expect([...server.tokens.values()].map((grant) => grant.resources)).toEqual([[payments], resources])
  })

  test('are unbounded when none is asked for', async () => {
    const server = authorizationServer()
    await post(server.token, { ...wantsToken, ...shop })
    expect(server.tokens.get('token-1')!.resources).toEqual([])
  })

  test.each([`${issuer}/other/v1`, `${payments}/`, 'https://evil.example/payments/v1', issuer, 'x'])(
    '"%s" is none of the client: no token',
    async (resource) => {
      const server = authorizationServer()
      expect(await post(server.token, { ...wantsToken, ...shop, resource })).toMatchObject({
        status: 400,
        json: { error: 'invalid_target' },
      })
      expect(server.tokens.size).toBe(0)
    },
  )

  test('can be narrowed from what a person has allowed, never left for others', async () => {
    const { tokens, refresh, server } = grantStage()
    const both = await tokens({ resources })
    const narrowed = await refresh(both.refresh, { resource: payments })
    expect(server.tokens.get(narrowed.json.access_token as string)!.resources).toEqual([payments])
    const one = await tokens({ resources: [payments] })
    expect(await refresh(one.refresh, { resource: accounts })).toMatchObject({
      json: { error: 'invalid_target' },
    })
    const kept = await refresh(one.refresh)
    expect(server.tokens.get(kept.json.access_token as string)!.resources).toEqual([payments])
  })
})

describe('authorization_details', () => {
  const mayPay = client({
    settings: ClientSettings.parse({ authorizationDetailsTypes: ['payment_initiation'] }),
  })
  const ask = async (details: unknown, asked = mayPay) => {
    const server = authorizationServer({}, { findClientBySecret: async () => asked })
    const authorization_details = typeof details === 'string' ? details : JSON.stringify(details)
    const answer = await post(server.token, { ...wantsToken, ...shop, authorization_details })
    return { ...answer, grant: server.tokens.get('token-1') }
  }

  test('come back with the token and are kept with it', async () => {
    const { json, grant } = await ask([payment])
    expect(json.authorization_details).toEqual([payment])
    expect(grant!.authorizationDetails).toEqual([payment])
  })

  test.each([
    ['no JSON', '[{'],
    ['no array', payment],
    ['an empty array', []],
    ['nothing', [null]],
    ['an unknown type', [{ ...payment, type: 'account_information' }]],
    ['a type that every object has', [{ type: 'constructor' }]],
    ['an unknown member', [{ ...payment, isUrgent: true }]],
    ['an unknown member inside', [{ ...payment, creditorAccount: { iban: 'x', name: 'y' } }]],
    ['no amount', [{ ...payment, instructedAmount: undefined }]],
    ['an amount that is a number', [{ ...payment, instructedAmount: { currency: 'EUR', amount: 1 } }]],
    ['a negative amount', [{ ...payment, instructedAmount: { currency: 'EUR', amount: '-1' } }]],
    ['more than ten', Array.from({ length: 11 }, () => payment)],
  ])('with %s: no token', async (_what, details) => {
    const { status, json, grant } = await ask(details)
    expect([status, json.error, grant]).toEqual([400, 'invalid_authorization_details', undefined])
  })

  test('are for clients that list the type', async () => {
    expect((await ask([payment], client())).json.error).toBe('invalid_authorization_details')
  })

  test('that a person has allowed are in every token, cannot be changed, and end with the client’s right to them', async () => {
    const { tokens, refresh, server, change } = grantStage({
      settings: { authorizationDetailsTypes: ['payment_initiation'] },
    })
    const first = await tokens({ authorizationDetails: [payment] })
    expect(server.tokens.get(first.access)!.authorizationDetails).toEqual([payment])
    const more = { ...payment, instructedAmount: { currency: 'EUR', amount: '999.00' } }
    expect(await refresh(first.refresh, { authorization_details: JSON.stringify([more]) })).toMatchObject({
      json: { error: 'invalid_authorization_details' },
    })
    const { json } = await refresh(first.refresh)
    expect(json.authorization_details).toEqual([payment])
    change({ settings: ClientSettings.parse({ grants: ['refresh_token'] }) })
    expect(await refresh(json.refresh_token as string)).toMatchObject({ json: { error: 'invalid_grant' } })
  })

  /** Single use is by place: see policies/payment-authorization/. */
  test('keep their places in every token of the authorization, so that none is paid twice', async () => {
    const { tokens, refresh, server } = grantStage({
      settings: { authorizationDetailsTypes: ['payment_initiation'] },
    })
    const second = { ...payment, instructedAmount: { currency: 'EUR', amount: '7.00' } }
    const first = await tokens({ authorizationDetails: [payment, second] })
    for (const part of [[second], [second, payment], [second, second], [payment, second, second]])
      expect(await refresh(first.refresh, { authorization_details: JSON.stringify(part) })).toMatchObject({
        status: 400,
        json: { error: 'invalid_authorization_details' },
      })
    const same = { authorization_details: JSON.stringify([payment, second]) }
    const { json } = await refresh(first.refresh, same)
    expect(server.tokens.get(json.access_token as string)!.authorizationDetails).toEqual([payment, second])
  })
})
