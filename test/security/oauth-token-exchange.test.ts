import { describe, expect, test } from '@jest/globals'
import { tokenExchange } from '../../registry/oauth-model.ts'
import { post, resources } from '../support/oauth.ts'
import { type GrantStage, grantStage, type Settings } from '../support/oauth-grants.ts'

const accessToken = 'urn:ietf:params:oauth:token-type:access_token'
const [payments, accounts] = resources as [string, string]
const service = { client_id: 'crd_other', client_secret: 'other-secret' }

function stage(given?: GrantStage) {
  const grants: Settings['grants'] = ['authorization_code', 'refresh_token', tokenExchange]
  const all = grantStage(given ?? { settings: { grants } })
  const exchange = (subject_token: string, form: Record<string, string> = {}) =>
    post(all.server.token, {
      ...service,
      grant_type: tokenExchange,
      subject_token,
      subject_token_type: accessToken,
      ...form,
    })
  const grantOf = (answer: { json: Record<string, unknown> }) =>
    all.server.tokens.get(answer.json.access_token as string)!
  return { ...all, exchange, grantOf }
}

describe('a token for a token', () => {
  test('is the service’s own, in the name of the same person, who acts is named', async () => {
    const { tokens, exchange, grantOf, server } = stage()
    const { access } = await tokens()
    const answer = await exchange(access)
    expect(answer).toMatchObject({
      status: 200,
      json: { issued_token_type: accessToken, token_type: 'Bearer', scope: 'payments:read payments:write' },
    })
    expect(grantOf(answer)).toMatchObject({
      credentialId: 'crd_other',
      subject: 'person-1',
      actor: { sub: 'crd_other' },
      familyId: server.tokens.get(access)!.familyId,
    })
  })

  test('keeps who acted before', async () => {
    const { tokens, exchange, grantOf, clients } = stage()
    clients.set('crd_shop', { ...clients.get('crd_shop')! })
    const first = await exchange((await tokens()).access)
    const shop = { client_id: 'crd_shop', client_secret: 'shop-secret' }
    const second = await exchange(first.json.access_token as string, shop)
    expect(grantOf(second).actor).toEqual({ sub: 'crd_shop', act: { sub: 'crd_other' } })
  })

  test('does not pass through parties without end', async () => {
    const { tokens, exchange } = stage()
    let token = (await tokens()).access
    const parties = [service, { client_id: 'crd_shop', client_secret: 'shop-secret' }]
    for (let i = 0; i < 5; i++) token = (await exchange(token, parties[i % 2])).json.access_token as string
    expect(await exchange(token, parties[1])).toMatchObject({ json: { error: 'invalid_request' } })
  })

  test('has no scope that the first did not have, or that the service may not have', async () => {
    const { server, exchange, change, redeem, codeFor } = stage()
    change({ scopes: ['payments:write', 'admin'] }, 'crd_other')
    const code = await codeFor({}, ['payments:read', 'payments:write'])
    const access = (await redeem(code)).json.access_token as string
    expect(await exchange(access)).toMatchObject({ json: { scope: 'payments:write' } })
    for (const scope of ['admin', 'payments:read', 'payments:write admin'])
      expect(await exchange(access, { scope })).toMatchObject({ json: { error: 'invalid_scope' } })
    expect(server.tokens.size).toBe(2)
  })

  test('is for no place that the first was not for', async () => {
    const { tokens, exchange, grantOf } = stage()
    const { access } = await tokens({ resources: [payments] })
    expect(grantOf(await exchange(access)).resources).toEqual([payments])
    for (const name of ['resource', 'audience'])
      expect(await exchange(access, { [name]: accounts })).toMatchObject({
        json: { error: 'invalid_target' },
      })
    const anywhere = await tokens()
    expect(grantOf(await exchange(anywhere.access, { audience: accounts })).resources).toEqual([accounts])
  })

  test('lives no longer than the first', async () => {
    const { tokens, exchange, clock } = stage()
    const { access } = await tokens()
    clock.now += 500_000
    expect(await exchange(access)).toMatchObject({ json: { expires_in: 100 } })
  })

  test('dies with what the person has allowed', async () => {
    const { tokens, exchange, isLive, server } = stage()
    const { access } = await tokens()
    const answer = await exchange(access)
    await server.deps.families.revoke(server.tokens.get(access)!.familyId!)
    expect(await isLive(answer.json.access_token as string)).toBe(false)
    expect(await exchange(access)).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  test.each([
    ['of another partner', { partnerId: 'par_other' }],
    ['of another environment', { environment: 'sandbox' as const }],
  ])('is not given to a service %s', async (_whose, fields) => {
    const { tokens, exchange, change } = stage()
    const { access } = await tokens()
    change(fields, 'crd_other')
    expect(await exchange(access)).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  test('is not given for one that is bound to a key which the service does not prove', async () => {
    const { tokens, exchange, server } = stage()
    const { access } = await tokens()
    server.tokens.set(access, { ...server.tokens.get(access)!, confirmation: { jkt: 'thumbprint' } })
    expect(await exchange(access)).toMatchObject({ json: { error: 'invalid_request' } })
  })

  test('is not given when all tokens of its client were ended', async () => {
    const { tokens, exchange, change } = stage()
    const { access } = await tokens()
    change({ tokensNotBefore: 1_000_000 })
    expect(await exchange(access)).toMatchObject({ json: { error: 'invalid_request' } })
  })

  test.each([
    ['an unknown token', { subject_token: 'x' }],
    ['no token', { subject_token: '' }],
    ['a token of another type', { subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' }],
    ['no type', { subject_token_type: '' }],
    ['a wish for another type', { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }],
    ['an actor beside it', { actor_token: 'y', actor_token_type: accessToken }],
  ])('is not given for %s', async (_what, form) => {
    const { tokens, exchange } = stage()
    const { access } = await tokens()
    expect(await exchange(access, form)).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  test('is not given for a refresh token', async () => {
    const { tokens, exchange } = stage()
    const { refresh } = await tokens()
    expect(await exchange(refresh)).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })
})

describe('a token that was exchanged for one of an application itself', () => {
  const wants = {
    ...{ client_id: 'crd_shop', client_secret: 'shop-secret' },
    grant_type: 'client_credentials',
  }
  function direct() {
    const grants: Settings['grants'] = ['client_credentials', 'authorization_code', tokenExchange]
    const all = stage({ settings: { grants } })
    const own = async () => (await post(all.server.token, wants)).json.access_token as string
    return { ...all, own }
  }

  test('ends with it, and so does what came of that', async () => {
    const { own, exchange, server, isLive } = direct()
    const token = await own()
    const first = (await exchange(token)).json.access_token as string
    const shop = { client_id: 'crd_shop', client_secret: 'shop-secret' }
    const second = (await exchange(first, shop)).json.access_token as string
    expect([await isLive(first), await isLive(second)]).toEqual([true, true])
    await post(server.revoke, { ...shop, token })
    expect([await isLive(first), await isLive(second)]).toEqual([false, false])
    expect(await exchange(second, shop)).toMatchObject({ json: { error: 'invalid_request' } })
  })

  test('is not exchanged without end, by the same client either', async () => {
    const { own, exchange } = direct()
    let token = await own()
    for (let i = 0; i < 8; i++) token = (await exchange(token)).json.access_token as string
    expect(await exchange(token)).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })
})

test('a payment is not handed on when its client may not have payments any more', async () => {
  const settings: Settings = {
    grants: ['authorization_code', 'refresh_token', tokenExchange],
    authorizationDetailsTypes: ['payment_initiation'],
  }
  const all = stage({ settings })
  const payment = {
    type: 'payment_initiation' as const,
    instructedAmount: { currency: 'EUR', amount: '123.50' },
    creditorName: 'Merchant A',
    creditorAccount: { iban: 'DE02100100109307118603' },
  }
  const { access } = await all.tokens({ authorizationDetails: [payment] })
  expect(await all.exchange(access)).toMatchObject({ status: 200 })
  const client = all.clients.get('crd_shop')!
  all.change({ settings: { ...client.settings, authorizationDetailsTypes: [] } })
  expect(await all.exchange(access)).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
})
