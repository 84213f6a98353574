import { expect, test } from '@jest/globals'
import { post, shop, visit } from '../support/oauth.ts'
import { asks, grantStage } from '../support/oauth-grants.ts'

const detailsOf = (currency: string, amount: string) =>
  JSON.stringify([
    {
      type: 'payment_initiation',
      instructedAmount: { currency, amount },
      creditorName: 'Merchant A',
      creditorAccount: { iban: 'DE02100100109307118603' },
    },
  ])
const stage = () => grantStage({ settings: { authorizationDetailsTypes: ['payment_initiation'] } })

// Nobody is asked to allow what no call could be equal to.
test.each([
  ['EUR', '123.456'],
  ['JPY', '500.0'],
  ['KWD', '1.2345'],
  ['XAU', '1'],
  ['ZZZ', '1.00'],
])('a payment of %s %s, which cannot be, is refused before a person sees it', async (currency, amount) => {
  const { server } = stage()
  const authorization_details = detailsOf(currency, amount)
  const pushed = await post(server.push, { ...asks, ...shop, authorization_details }, { path: '/oauth2/par' })
  expect(pushed).toMatchObject({ status: 400, json: { error: 'invalid_authorization_details' } })
  const { to } = await visit(server.authorize, { ...asks, authorization_details })
  expect(to?.searchParams.get('error')).toBe('invalid_authorization_details')
})

test.each([
  ['EUR', '123.4'],
  ['JPY', '500'],
  ['KWD', '1.234'],
])('a payment of %s %s may be asked for', async (currency, amount) => {
  const authorization_details = detailsOf(currency, amount)
  const { server } = stage()
  const pushed = await post(server.push, { ...asks, ...shop, authorization_details }, { path: '/oauth2/par' })
  expect(pushed.status).toBe(201)
})
