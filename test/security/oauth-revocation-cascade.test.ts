import { describe, expect, test } from '@jest/globals'
import { newDpopKey } from '../support/dpop.ts'
import { issuer, post, resources, shop } from '../support/oauth.ts'
import { type GrantStage, grantStage } from '../support/oauth-grants.ts'

const other = { client_id: 'crd_other', client_secret: 'other-secret' }

function stage(given?: GrantStage) {
  const all = grantStage(given)
  const revoke = (token: string, as = shop) => post(all.server.revoke, { ...as, token })
  const introspect = async (token: string, as = shop) =>
    (await post(all.server.introspect, { ...as, token })).json
  return { ...all, revoke, introspect }
}

describe('a refresh token that is given back', () => {
  test('takes all that came of it along', async () => {
    const { tokens, refresh, revoke, isLive } = stage()
    const first = await tokens()
    const second = await refresh(first.refresh)
    expect(await revoke(second.json.refresh_token as string)).toMatchObject({ status: 200, body: '' })
    expect(await isLive(first.access)).toBe(false)
    expect(await isLive(second.json.access_token as string)).toBe(false)
    expect(await refresh(second.json.refresh_token as string)).toMatchObject({
      json: { error: 'invalid_grant' },
    })
  })

  test('leaves other authorizations of the same person alone', async () => {
    const { tokens, revoke, isLive } = stage()
    const [one, two] = [await tokens(), await tokens()]
    await revoke(one.refresh)
    expect(await isLive(two.access)).toBe(true)
  })

  test('by another client is not: it learns that it may not, and nothing ends', async () => {
    const { tokens, revoke, isLive } = stage()
    const first = await tokens()
    expect(await revoke(first.refresh, other)).toMatchObject({
      status: 400,
      json: { error: 'unauthorized_client' },
    })
    expect(await isLive(first.access)).toBe(true)
  })
})

test('an access token that is given back ends itself, and the authorization goes on', async () => {
  const { tokens, refresh, revoke, isLive } = stage()
  const first = await tokens()
  await revoke(first.access)
  expect(await isLive(first.access)).toBe(false)
  expect(await refresh(first.refresh)).toMatchObject({ status: 200 })
})

describe('introspection', () => {
  const payment = {
    type: 'payment_initiation' as const,
    instructedAmount: { currency: 'EUR', amount: '123.50' },
    creditorName: 'Merchant A',
    creditorAccount: { iban: 'DE02100100109307118603' },
  }

  test('tells of an access token whom it comes from, where it is for and what it is bound to', async () => {
    const { tokens, introspect } = stage({ settings: { authorizationDetailsTypes: ['payment_initiation'] } })
    const key = newDpopKey()
    const { access } = await tokens({ resources, authorizationDetails: [payment] }, key)
    expect(await introspect(access)).toEqual({
      active: true,
      iss: issuer,
      client_id: 'crd_shop',
      sub: 'person-1',
      token_type: 'DPoP',
      scope: 'payments:read payments:write',
      iat: 1_000,
      exp: 1_600,
      auth_time: 900,
      aud: resources,
      cnf: { jkt: key.jkt },
      authorization_details: [payment],
    })
  })

  test('tells a client of its refresh token, which is not used by that', async () => {
    const { tokens, introspect, refresh } = stage()
    const first = await tokens()
    expect(await introspect(first.refresh)).toMatchObject({
      active: true,
      sub: 'person-1',
      scope: 'payments:read payments:write',
    })
    expect(await refresh(first.refresh)).toMatchObject({ status: 200 })
    expect(await introspect(first.refresh)).toEqual({ active: false })
  })

  test('tells nobody else, not even a resource server, of a refresh token', async () => {
    const { tokens, introspect, change, clients } = stage()
    const first = await tokens()
    const { settings } = clients.get('crd_other')!
    change({ settings: { ...settings, isResourceServer: true } }, 'crd_other')
    expect(await introspect(first.refresh, other)).toEqual({ active: false })
    expect(await introspect(first.access, other)).toMatchObject({ active: true })
  })

  test('finds a family that was revoked dead', async () => {
    const { tokens, introspect, revoke } = stage()
    const first = await tokens()
    await revoke(first.refresh)
    for (const token of [first.access, first.refresh])
      expect(await introspect(token)).toEqual({ active: false })
  })
})
