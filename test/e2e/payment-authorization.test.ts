import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openFamily } from '../../registry/token-families.ts'
import { issueToken } from '../../registry/tokens.ts'
import { updateUpstream } from '../../registry/upstreams.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { type Demo, type Platform, publishDemo, startPlatform, tester } from '../support/platform.ts'
import { until } from '../support/until.ts'

let platform: Platform
let echo: Echo
let gateway: GatewayProcess
let demo: Demo
let dead: Demo
const iban = 'DE02100100109307118603'

const policies = {
  'payment-authorization': {
    operations: ['pay'],
    amount: { pointer: '/amount', form: 'minor' },
    currency: { pointer: '/currency' },
    creditorAccountPointer: '/iban',
  },
}

beforeAll(async () => {
  ;[platform, echo] = await Promise.all([startPlatform(), startEcho({ keeps: true })])
  demo = await publishDemo(platform, { targets: [{ url: echo.url }], policies })
  const targets = [{ url: 'http://127.0.0.1:1' }]
  dead = await publishDemo(platform, { name: 'dead', targets, policies })
  gateway = await platform.gateway()
  await gateway.serves(dead.snapshot)
}, 60_000)
afterAll(async () => {
  await platform?.close()
  await echo?.close()
})

/** A token with which a person lets one payment be made. */
async function tokenFor(shop: Demo, amount = '123.50', currency = 'EUR'): Promise<string> {
  const { clientId: credentialId, applicationId, partnerId } = shop
  const details = [
    {
      type: 'payment_initiation' as const,
      instructedAmount: { amount, currency },
      creditorName: 'Merchant',
      creditorAccount: { iban },
    },
  ]
  const of = { credentialId, applicationId, partnerId, environment: 'live' as const, subject: 'ada' }
  const grant = { ...of, scopes: ['payments:write'], authorizationDetails: details, resources: [] }
  const family = await openFamily(platform.registry, {
    ...grant,
    authenticatedAt: Date.now(),
    expiresAt: Date.now() + 600_000,
  })
  const life = { issuedAt: Date.now(), expiresAt: Date.now() + 60_000 }
  return issueToken(platform.registry, { ...grant, ...life, familyId: family.id })
}

async function pay(token: string, body: object = {}, name = 'payments') {
  const response = await fetch(`${gateway.url}/${name}/v1/payment`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ amount: 12350, currency: 'EUR', iban, ...body }),
  })
  const text = await response.text()
  return { status: response.status, code: text.includes('"code"') ? JSON.parse(text).code : '' }
}

describe('a payment that a person has allowed', () => {
  test('is made once, of 50 calls at the same time, and no other one is', async () => {
    const token = await tokenFor(demo)
    const wrong = [{ amount: 12351 }, { currency: 'USD' }, { iban: 'DE02500105170137075030' }]
    for (const body of wrong)
      expect(await pay(token, body)).toEqual({ status: 403, code: 'authorization-details-mismatch' })
    const answers = await Promise.all(Array.from({ length: 50 }, () => pay(token)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ code }) => code === 'authorization-details-used')).toHaveLength(49)
  })

  test('in yen has no minor units', async () => {
    const token = await tokenFor(demo, '500', 'JPY')
    expect(await pay(token, { amount: 50_000, currency: 'JPY' })).toMatchObject({ status: 403 })
    expect(await pay(token, { amount: 500, currency: 'JPY' })).toMatchObject({ status: 200 })
  })

  test('is still to be made when no service could be reached', async () => {
    const token = await tokenFor(dead)
    expect(await pay(token, {}, 'dead')).toMatchObject({ code: 'upstream-unreachable' })
    // What was given back is there to be taken again, as soon as the store has heard of it.
    await until(async () => (await pay(token, {}, 'dead')).code !== 'authorization-details-used')
    await updateUpstream(platform.registry, tester, dead.upstreamId, {
      name: 'dead-service',
      targets: [{ id: 't1', url: echo.url }],
    })
    await gateway.serves(await dead.publish())
    await until(async () => (await pay(token, {}, 'dead')).status === 200)
    expect(await pay(token, {}, 'dead')).toEqual({ status: 403, code: 'authorization-details-used' })
  })

  test('is none of a token that no person gave, and other operations ask for none', async () => {
    const { clientId: credentialId, applicationId, partnerId } = demo
    const token = await issueToken(platform.registry, {
      ...{ credentialId, applicationId, partnerId, environment: 'live' },
      ...{
        scopes: ['payments:write', 'accounts:read'],
        issuedAt: Date.now(),
        expiresAt: Date.now() + 60_000,
      },
    })
    expect(await pay(token)).toEqual({ status: 403, code: 'authorization-details-missing' })
    const headers = { authorization: `Bearer ${token}` }
    const balance = await fetch(`${gateway.url}/payments/v1/accounts/1/balance`, { headers })
    expect(balance.status).toBe(200)
  })

  test('is not made while the store is away, also by who is known', async () => {
    const [known, token] = [await tokenFor(demo), await tokenFor(demo)]
    await pay(known) // the gateway knows this client, and this token
    await pay(token, { amount: 1 })
    await platform.redis.kill()
    expect(await pay(token)).toEqual({ status: 503, code: 'store-unavailable' })
  })
})
