import { describe, expect, test } from '@jest/globals'
import { fromDecimal, fromMinor, isSameAmount } from '../../../policies/payment-authorization/amount.ts'
import { paymentAuthorization } from '../../../policies/payment-authorization/index.ts'
import type { Deps, Exchange } from '../../../policies/policy.ts'
import { problem } from '../../../registry/base/problem.ts'
import { exponentOf } from '../../../registry/currencies.ts'
import type { PaymentInitiation } from '../../../registry/oauth-model.ts'
import { ask, compile, exchange, grant, identity, route } from '../../support/policy-run.ts'

const iban = 'DE02100100109307118603'
const granted = (amount = '123.50', currency = 'EUR', more: object = {}): PaymentInitiation => ({
  type: 'payment_initiation',
  instructedAmount: { amount, currency },
  creditorName: 'Merchant',
  creditorAccount: { iban },
  ...more,
})
const config = {
  amount: { pointer: '/amount/value', form: 'minor' },
  currency: { pointer: '/amount/currency' },
  creditorAccountPointer: '/iban',
}

/** A store in memory, and calls with a token for these payments. */
function setUp(
  details: PaymentInitiation[] | null = [granted()],
  more: Partial<Deps> = {},
  settings: object = config,
) {
  const used = new Map<string, string>()
  const hooks = compile(paymentAuthorization, settings, {
    async takeAuthorizationDetail(familyId, index, by) {
      const name = `${familyId} ${index}`
      if (used.has(name)) return 'used'
      used.set(name, by)
      return 'taken'
    },
    async giveBackAuthorizationDetail(familyId, index, by) {
      if (used.get(`${familyId} ${index}`) === by) used.delete(`${familyId} ${index}`)
    },
    ...more,
  })
  const callOf = (body: unknown, operation: object = {}): Exchange => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const held = grant({ familyId: 'fam_1', authorizationDetails: details, subject: 'ada' })
    const base = route()
    return exchange(
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        hasBody: true,
        body: Buffer.from(text),
      },
      {
        identity: identity({ method: 'bearer', grant: held }),
        route: { ...base, operation: { ...base.operation, ...operation } },
      },
    )
  }
  const pay = async (body: unknown, operation: object = {}) => {
    const x = callOf(body, operation)
    await ask(hooks, x)
    return x
  }
  return { hooks, used, pay, callOf }
}
const right = { amount: { value: 12350, currency: 'EUR' }, iban }
const code = (wanted: string) => expect.objectContaining({ code: wanted })

describe('amounts', () => {
  test('have the digits of their currency', () => {
    const digits = ['EUR', 'JPY', 'KWD', 'CLF', 'ISK', 'XAU', 'ZZZ'].map(exponentOf)
    expect(digits).toEqual([2, 0, 3, 4, 0, undefined, undefined])
  })

  test('of minor units and of decimals are the same money exactly when a person would say so', () => {
    // A walk over many amounts, by a generator that always walks the same way.
    let seed = 1
    const next = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % below
    }
    for (let i = 0; i < 2_000; i++) {
      const currency = ['EUR', 'JPY', 'KWD', 'CLF'][next(4)]!
      const digits = exponentOf(currency)!
      const minor = next(10 ** (1 + next(9)))
      const padded = String(minor).padStart(digits + 1, '0')
      const whole = padded.slice(0, padded.length - digits)
      const decimal = digits === 0 ? whole : `${whole}.${padded.slice(-digits)}`
      const shorter = decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal
      const of = fromMinor(String(minor), currency)!
      expect([decimal, isSameAmount(of, fromDecimal(decimal)!)]).toEqual([decimal, true])
      expect([shorter, isSameAmount(of, fromDecimal(shorter)!)]).toEqual([shorter, true])
      expect(isSameAmount(of, fromDecimal(`${decimal}${digits === 0 ? '.' : ''}1`)!)).toBe(false)
      expect(isSameAmount(fromMinor(String(minor + 1), currency)!, fromDecimal(decimal)!)).toBe(false)
    }
  })

  test.each([
    '',
    '-1',
    '+1',
    '1e2',
    '0x10',
    '01',
    '1.',
    '.5',
    '1,5',
    ' 1',
    '1 ',
    'NaN',
    '１',
    '1'.repeat(30),
  ])('are not read from "%s"', (text) => {
    expect([fromDecimal(text), fromMinor(text, 'EUR')]).toEqual([undefined, undefined])
  })
})

describe('a payment', () => {
  test('as it was allowed passes, and is marked', async () => {
    const { pay, used } = setUp()
    await pay(right)
    expect([...used.keys()]).toEqual(['fam_1 0'])
  })

  describe('whose texts are compared', () => {
    const texts = { creditorNamePointer: '/to/name', remittancePointer: '/reference' }
    const told = [granted('123.50', 'EUR', { remittanceInformationUnstructured: 'Order 7' })]
    const stage = () => setUp(told, {}, { ...config, ...texts })

    test.each([
      [{}],
      [{ to: { name: ' MERCHANT ' }, reference: 'order  7' }],
      [{ to: { name: 'Ｍerchant' } }],
      [{ to: { name: null }, reference: null }],
    ])('passes where the call says nothing else: %j', async (more) => {
      const { pay, used } = stage()
      await pay({ ...right, ...more })
      expect(used.size).toBe(1)
    })

    test.each([
      [{ to: { name: 'Merchant B' } }, '/to/name'],
      [{ to: { name: '' } }, '/to/name'],
      [{ to: { name: ['Merchant'] } }, '/to/name'],
      [{ reference: 'Order 8' }, '/reference'],
    ])('does not where it does: %j', async (more, pointer) => {
      const { pay, used } = stage()
      await expect(pay({ ...right, ...more })).rejects.toMatchObject({
        ...{ code: 'authorization-details-mismatch', errors: [{ pointer }] },
      })
      expect(used.size).toBe(0)
    })

    test('passes with any where nobody looks, as before', async () => {
      const { pay, used } = setUp(told)
      await pay({ ...right, to: { name: 'Merchant B' } })
      expect(used.size).toBe(1)
    })

    test('has no text where none was allowed', async () => {
      const { pay } = setUp([granted()], {}, { ...config, ...texts })
      await expect(pay({ ...right, reference: 'Order 7' })).rejects.toMatchObject({
        ...{ code: 'authorization-details-mismatch', errors: [{ pointer: '/reference' }] },
      })
    })
  })

  test('is made only where it was allowed to be made', async () => {
    const at = (...locations: string[]) => setUp([granted('123.50', 'EUR', { locations })])
    const elsewhere = at('https://api.bank.example/other/v1')
    await expect(elsewhere.pay(right)).rejects.toMatchObject({ code: 'authorization-details-mismatch' })
    expect(elsewhere.used.size).toBe(0)
    const here = at('https://api.bank.example/other/v1', 'https://api.bank.example/payments/v1')
    await here.pay(right)
    expect(here.used.size).toBe(1)
  })

  test.each([
    ['another amount', { ...right, amount: { value: 12351, currency: 'EUR' } }, ['/amount/value']],
    ['another currency', { ...right, amount: { value: 12350, currency: 'USD' } }, ['/amount/currency']],
    ['another creditor', { ...right, iban: 'DE02500105170137075030' }, ['/iban']],
    ['no amount', { iban, amount: { currency: 'EUR' } }, ['/amount/value']],
    ['no currency', { iban, amount: { value: 12350 } }, ['/amount/value', '/amount/currency']],
    ['no creditor', { amount: right.amount }, ['/iban']],
    [
      'an amount that is a list',
      { ...right, amount: { value: [12350], currency: 'EUR' } },
      ['/amount/value'],
    ],
    ['nothing at all', 7, ['/amount/value', '/amount/currency', '/iban']],
  ])('with %s is refused, and what differs is named', async (_name, body, pointers) => {
    const { pay, used } = setUp()
    const refusal = await pay(body).catch((error) => error)
    expect(refusal).toMatchObject({ code: 'authorization-details-mismatch', row: { status: 403 } })
    expect(refusal.errors.map((e: { pointer: string }) => e.pointer)).toEqual(pointers)
    expect(used.size).toBe(0)
  })

  test('may be written as people write it, and an IBAN in groups', async () => {
    const { pay } = setUp([
      granted('123.5', 'EUR', { creditorAccount: { iban: 'de02 1001 0010 9307 1186 03' } }),
    ])
    await pay({ amount: { value: '12350', currency: 'EUR' }, iban: 'DE02 1001 0010 9307 1186 03' })
    const decimal = setUp([granted()], {}, {
      ...config,
      amount: { pointer: '/amount', form: 'decimal' },
    } as never)
    await expect(decimal.pay('{"amount": 123.50, "iban": "x"}')).rejects.toEqual(
      code('authorization-details-mismatch'),
    )
  })

  test('in the one currency of an API needs none in its body', async () => {
    const settings = {
      amount: { pointer: '/amount', form: 'decimal' },
      currency: { code: 'JPY' },
      creditorAccountPointer: '/to',
    }
    const details = [granted('500', 'JPY', { creditorAccount: { bban: '1234567' } })]
    await setUp(details, {}, settings as never).pay('{"amount": 500, "to": "1234567"}')
    await expect(
      setUp([granted('500')], {}, settings as never).pay({ amount: 500, to: iban }),
    ).rejects.toEqual(code('authorization-details-mismatch'))
  })

  test.each([
    ['twice the amount', `{"amount":{"value":12350,"value":99999,"currency":"EUR"},"iban":"${iban}"}`],
    ['twice, once escaped', `{"amount":{"value":12350,"currency":"EUR"},"iban":"${iban}","ib\\u0061n":"x"}`],
    ['a mark before the text', `\ufeff${JSON.stringify(right)}`],
    ['no JSON', 'amount=12350'],
    ['nothing', ''],
  ])('that a service could read otherwise is refused: %s', async (_name, text) => {
    await expect(setUp().pay(text)).rejects.toEqual(code('request-malformed'))
  })

  test('may use a name again in another object, and quotes and braces in a text', async () => {
    await setUp().pay({
      ...right,
      list: [{ iban: 'a' }, { iban: 'b' }],
      note: '{"iban":"x","iban":"y"} \\" ,',
    })
  })

  test.each([
    ['12350.0', `{"amount":{"value":12350.0,"currency":"EUR"},"iban":"${iban}"}`],
    ['1235e1', `{"amount":{"value":1235e1,"currency":"EUR"},"iban":"${iban}"}`],
    [
      'more than a number can hold',
      `{"amount":{"value":12350.00000000000000001,"currency":"EUR"},"iban":"${iban}"}`,
    ],
  ])('is read as it was written: %s is no whole number of cents', async (_name, text) => {
    await expect(setUp().pay(text)).rejects.toEqual(code('authorization-details-mismatch'))
  })

  test('needs a token for it', async () => {
    await expect(setUp(null).pay(right)).rejects.toEqual(code('authorization-details-missing'))
    const { hooks, callOf } = setUp()
    const byKey = { ...callOf(right), identity: identity() }
    await expect(ask(hooks, byKey)).rejects.toEqual(code('authorization-details-missing'))
    await expect(ask(hooks, { ...callOf(right), identity: undefined })).rejects.toEqual(
      code('authorization-details-missing'),
    )
  })

  test('is none of a token that may only look', async () => {
    const { pay } = setUp([granted('123.50', 'EUR', { actions: ['status'] })])
    await expect(pay(right)).rejects.toEqual(code('authorization-details-mismatch'))
  })

  test('passes once; two that are alike pass twice', async () => {
    const once = setUp()
    const answers = await Promise.allSettled(Array.from({ length: 50 }, () => once.pay(right)))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await expect(once.pay(right)).rejects.toEqual(code('authorization-details-used'))
    const twice = setUp([granted('1'), granted(), granted()])
    await twice.pay(right)
    await twice.pay(right)
    await expect(twice.pay(right)).rejects.toEqual(code('authorization-details-used'))
  })

  test('is given back when nothing of it was sent, and stays used when something may have been', async () => {
    const { hooks, pay, used } = setUp()
    const unsent = await pay(right)
    hooks.onEnd!(unsent)
    expect([used.size, unsent.notes.paymentAuthorization]).toEqual([0, 'given back'])
    const sent = await pay(right)
    sent.wasSent = true
    hooks.onEnd!(sent)
    expect([used.size, sent.notes.paymentAuthorization]).toEqual([1, 'used'])
  })

  test('is given back when the caller went while the store was asked', async () => {
    let answer: (taken: 'taken') => void = () => {}
    const given: string[] = []
    const { hooks, callOf } = setUp([granted()], {
      takeAuthorizationDetail: () => new Promise((resolve) => (answer = resolve)),
      giveBackAuthorizationDetail: async (_family, _index, by) => void given.push(by),
    })
    const x = callOf(right)
    const asking = ask(hooks, x)
    hooks.onEnd!(x)
    answer('taken')
    await asking
    expect(given).toHaveLength(1)
  })

  test('is refused while the store is away, and when what was allowed has ended', async () => {
    const away = setUp([granted()], {
      takeAuthorizationDetail: () => Promise.reject(problem('store-unavailable')),
    })
    await expect(away.pay(right)).rejects.toEqual(code('store-unavailable'))
    const ended = setUp([granted()], { takeAuthorizationDetail: async () => 'ended' })
    await expect(ended.pay(right)).rejects.toEqual(code('authorization-details-mismatch'))
  })

  test('is asked of the operations that are named, or of all that change something', async () => {
    const named = setUp([granted()], {}, { ...config, operations: ['createPayment'] } as never)
    await named.pay('not looked at', { id: 'other' })
    await expect(named.pay({}, { id: 'createPayment' })).rejects.toEqual(
      code('authorization-details-mismatch'),
    )
    await setUp().pay('not looked at', { method: 'GET' })
    await expect(setUp().pay({}, { method: 'PUT' })).rejects.toEqual(code('authorization-details-mismatch'))
  })
})
