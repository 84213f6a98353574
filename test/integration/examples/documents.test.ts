import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readDocument } from '../../../registry/openapi/index.ts'
import { conformanceTo } from '../../support/conformance.ts'
import { startPayments } from '../../support/payments.ts'

const fileOf = (version: string) => join(import.meta.dirname, `../../../examples/payments/${version}.yaml`)
const card = { number: '4242424242424242', expiry: '12/30', cvc: '123' }
const iban = 'DE02120300000000202051'

type Call = [operation: string, method: string, path: string, body: unknown, status: number]

/** The calls of both versions differ in how amounts are written and where payments are made. */
const callsWith = (amount: (value: unknown) => unknown, payment: string, done: number): Call[] => [
  ['createPayment', 'POST', payment, { amount: amount(1250), account_id: 'acc_1' }, done],
  ['createPayment', 'POST', payment, { amount: amount(501), account_id: 'acc_5' }, 402],
  ['createPayment', 'POST', payment, { amount: amount(1), account_id: 'acc_9' }, 404],
  ['createPayment', 'POST', payment, { amount: amount(1.5), account_id: 'acc_1' }, 422],
  ['createPayment', 'POST', payment, { amount: amount('100'), account_id: 'acc_1' }, 422],
  ['createPayment', 'POST', payment, { amount: amount(-1), account_id: 'acc_1' }, 422],
  ['createPayment', 'POST', payment, '{"amount":', 400],
  ['getPayment', 'GET', '/payments/pay_1', undefined, 200],
  ['getPayment', 'GET', '/payments/pay_999', undefined, 404],
  ['createTopup', 'POST', '/topups', { amount: amount(5000), account_id: 'acc_2', card }, done],
  ['createTopup', 'POST', '/topups', { amount: amount(5000), account_id: 'acc_9', card }, 404],
  [
    'createTopup',
    'POST',
    '/topups',
    { amount: amount(5000), account_id: 'acc_2', card: { ...card, number: '4242424242424241' } },
    422,
  ],
  ['createTopup', 'POST', '/topups', 'no', 400],
  ['createWithdrawal', 'POST', '/withdrawals', { amount: amount(2000), account_id: 'acc_2', iban }, done],
  ['createWithdrawal', 'POST', '/withdrawals', { amount: amount(501), account_id: 'acc_5', iban }, 402],
  ['createWithdrawal', 'POST', '/withdrawals', { amount: amount(1), account_id: 'acc_9', iban }, 404],
  ['createWithdrawal', 'POST', '/withdrawals', { amount: amount(1), account_id: 'acc_1', iban: 'x' }, 422],
  ['createWithdrawal', 'POST', '/withdrawals', '{', 400],
  [
    'createTransfer',
    'POST',
    '/transfers',
    { amount: amount(700), from_account_id: 'acc_1', to_account_id: 'acc_3' },
    done,
  ],
  [
    'createTransfer',
    'POST',
    '/transfers',
    { amount: amount(501), from_account_id: 'acc_5', to_account_id: 'acc_3' },
    402,
  ],
  [
    'createTransfer',
    'POST',
    '/transfers',
    { amount: amount(1), from_account_id: 'acc_1', to_account_id: 'acc_9' },
    404,
  ],
  [
    'createTransfer',
    'POST',
    '/transfers',
    { amount: amount(1), from_account_id: 'acc_1', to_account_id: 'acc_1' },
    422,
  ],
  ['createTransfer', 'POST', '/transfers', '[', 400],
  ['getBalance', 'GET', '/accounts/acc_1/balance', undefined, 200],
  ['getBalance', 'GET', '/accounts/acc_9/balance', undefined, 404],
  ['listTransactions', 'GET', '/accounts/acc_1/transactions', undefined, 200],
  ['listTransactions', 'GET', '/accounts/acc_1/transactions?limit=1', undefined, 200],
  ['listTransactions', 'GET', '/accounts/acc_1/transactions?limit=1000', undefined, 422],
  ['listTransactions', 'GET', '/accounts/acc_9/transactions', undefined, 404],
]

describe.each([
  ['v1', callsWith((value) => value, '/payment', 200)],
  [
    'v2',
    [
      ...callsWith((value) => ({ value, currency: 'EUR' }), '/payments', 201),
      [
        'createPayment',
        'POST',
        '/payments',
        { amount: { value: 1, currency: 'USD' }, account_id: 'acc_1' },
        422,
      ],
    ] as Call[],
  ],
])('the document %s', (version, calls) => {
  const { operations, faults } = conformanceTo(fileOf(version))
  let service: Awaited<ReturnType<typeof startPayments>>
  beforeAll(async () => {
    service = await startPayments()
  })
  afterAll(() => service.close())

  test.each(calls)('%s: %s %s %j gives %d, as documented', async (operation, method, path, body, status) => {
    const answer = await service.call(method, `/${version}${path}`, body, {
      'idempotency-key': crypto.randomUUID(),
    })
    expect(answer.status).toBe(status)
    expect(faults(operation, answer)).toEqual([])
  })

  test('has no operation that is not tried here', () => {
    const tried = new Set(calls.map(([operation]) => operation))
    expect(operations.map((o) => o.id).filter((id) => !tried.has(id))).toEqual([])
  })

  test('comes in without a finding, and asks for one scope for each operation', async () => {
    const document = await readDocument(readFileSync(fileOf(version)), {
      maxBytes: 1_000_000,
      timeoutMs: 20_000,
    })
    expect(document.findings).toEqual([])
    for (const { scopes, isAnonymous } of document.operations) {
      expect(isAnonymous).toBe(false)
      expect(scopes).toEqual([[expect.stringMatching(/^[a-z]+:(read|write)$/)]])
    }
  })
})
