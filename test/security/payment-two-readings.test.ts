import { describe, expect, test } from '@jest/globals'
import { paymentAuthorization } from '../../policies/payment-authorization/index.ts'
import { AuthorizationDetails } from '../../registry/oauth-model.ts'
import { ask, compile, exchange, grant, identity } from '../support/policy-run.ts'

/** A body of which we read the payment that was allowed, and the service another one. */

const iban = 'DE02100100109307118603'
const config = {
  amount: { pointer: '/amount', form: 'minor' },
  currency: { pointer: '/currency' },
  creditorAccountPointer: '/iban',
}
const allowed = {
  type: 'payment_initiation' as const,
  instructedAmount: { amount: '1.00', currency: 'EUR' },
  creditorName: 'Merchant',
  creditorAccount: { iban },
}
const payment = JSON.stringify({ amount: 100, currency: 'EUR', iban })
/** As JSON the payment that was allowed, as a form another one. */
const twofold = JSON.stringify({
  note: '&amount=99999&iban=DE00666&end=',
  amount: 100,
  currency: 'EUR',
  iban,
})

async function pay(body: string, rawHeaders: string[]): Promise<string> {
  const headers: Record<string, string> = {}
  // As node does: of two lines the first counts.
  for (let i = 0; i < rawHeaders.length; i += 2) headers[rawHeaders[i]!.toLowerCase()] ??= rawHeaders[i + 1]!
  const held = grant({ familyId: 'fam_1', subject: 'ada', authorizationDetails: [allowed] })
  const x = exchange(
    { method: 'POST', headers, rawHeaders, hasBody: true, body: Buffer.from(body) },
    { identity: identity({ method: 'bearer', grant: held }) },
  )
  try {
    await ask(compile(paymentAuthorization, config), x)
    return 'passes'
  } catch (error) {
    return (error as { code: string }).code
  }
}

const json = ['content-type', 'application/json']

describe('a payment that a service could read as another one', () => {
  test.each([
    ['a form', ['Content-Type', 'application/x-www-form-urlencoded']],
    ['text', ['Content-Type', 'text/plain']],
    ['nothing', []],
    ['a list', ['Content-Type', 'application/json, application/x-www-form-urlencoded']],
    ['JSON and then a form', [...json, 'Content-Type', 'application/x-www-form-urlencoded']],
    [
      'JSON and, as some services read it, a form',
      [...json, 'Content_Type', 'application/x-www-form-urlencoded'],
    ],
    ['JSON in another character set', ['Content-Type', 'application/json; charset=utf-7']],
    ['JSON that is compressed', [...json, 'Content-Encoding', 'gzip']],
    ['what only begins like JSON', ['Content-Type', 'application/jsonl']],
  ])('is refused when it is said to be %s', async (_what, rawHeaders) => {
    expect(await pay(twofold, rawHeaders)).toBe('request-malformed')
  })

  test.each([
    ['in capitals', 'AMOUNT', 99_999],
    ['with the first letter large', 'Iban', 'DE00666'],
    ['escaped', '\\u0049ban', 'DE00666'],
  ])('is refused with a member that is there again %s', async (_how, name, value) => {
    const again = `${payment.slice(0, -1)},"${name}":${JSON.stringify(value)}}`
    expect(await pay(again, json)).toBe('request-malformed')
  })

  test.each([
    'application/json',
    'Application/JSON; charset=UTF-8',
    'application/json;charset="utf-8"',
    'application/vnd.bank.v1+json; profile=x',
  ])('passes as %s', async (type) => {
    expect(await pay(payment, ['content-type', type])).toBe('passes')
    expect(await pay(twofold, ['content-type', type])).toBe('passes')
  })
})

/** The page shows the IBAN where there is one, and calls are held to it: an empty one would leave the other free. */
test.each([[{ iban: '', bban: '666' }], [{ iban: ' ', bban: '666' }], [{ bban: '-' }]])(
  'a payment to %j is not asked of anybody',
  (creditorAccount) => {
    expect(AuthorizationDetails.safeParse([allowed]).success).toBe(true)
    expect(AuthorizationDetails.safeParse([{ ...allowed, creditorAccount }]).success).toBe(false)
  },
)
