import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  type Accounts,
  book,
  isCardNumber,
  type Movement,
  maxAmount,
  seed,
} from '../../../examples/payments/ledger.ts'

const accounts: Accounts = new Map([
  ['a', { id: 'a', currency: 'EUR', balance: 1000 }],
  ['b', { id: 'b', currency: 'EUR', balance: 0 }],
  ['c', { id: 'c', currency: 'USD', balance: 1000 }],
])
const balances = (of: Accounts) => Object.fromEntries([...of.values()].map((a) => [a.id, a.balance]))
const booked = (movement: Movement) => {
  const booking = book(accounts, movement)
  if ('refusal' in booking) throw new Error(booking.refusal)
  return booking
}

describe('the ledger', () => {
  test.each([
    ['payment', 900, -100],
    ['withdrawal', 900, -100],
    ['topup', 1100, 100],
  ] as const)('a %s of 100 leaves %d', (kind, balance, change) => {
    const { accounts: after, entries } = booked({ kind, accountId: 'a', amount: 100 })
    expect(after.get('a')!.balance).toBe(balance)
    expect(entries).toEqual([{ accountId: 'a', change, balanceAfter: balance, currency: 'EUR' }])
  })

  test('a transfer takes here and gives there', () => {
    const { accounts: after, entries } = booked({
      kind: 'transfer',
      accountId: 'a',
      toAccountId: 'b',
      amount: 1000,
    })
    expect(balances(after)).toEqual({ a: 0, b: 1000, c: 1000 })
    expect(entries.map((e) => e.change)).toEqual([-1000, 1000])
  })

  test.each<[string, Movement]>([
    ['funds-insufficient', { kind: 'payment', accountId: 'a', amount: 1001 }],
    ['funds-insufficient', { kind: 'transfer', accountId: 'b', toAccountId: 'a', amount: 1 }],
    ['account-unknown', { kind: 'payment', accountId: 'x', amount: 1 }],
    ['account-unknown', { kind: 'transfer', accountId: 'a', toAccountId: 'x', amount: 1 }],
    ['account-unknown', { kind: 'payment', accountId: 'constructor', amount: 1 }],
    ['account-same', { kind: 'transfer', accountId: 'a', toAccountId: 'a', amount: 1 }],
    ['currency-mismatch', { kind: 'payment', accountId: 'a', amount: 1, currency: 'USD' }],
    ['currency-mismatch', { kind: 'transfer', accountId: 'a', toAccountId: 'c', amount: 1 }],
    ['amount-invalid', { kind: 'payment', accountId: 'a', amount: 0 }],
    ['amount-invalid', { kind: 'topup', accountId: 'a', amount: -5 }],
    ['amount-invalid', { kind: 'payment', accountId: 'a', amount: 1.5 }],
    ['amount-invalid', { kind: 'payment', accountId: 'a', amount: Number.NaN }],
    ['amount-invalid', { kind: 'topup', accountId: 'a', amount: maxAmount + 1 }],
  ])('%s: %j', (refusal, movement) => {
    expect(book(accounts, movement)).toEqual({ refusal })
  })

  test('what it was given stays as it was', () => {
    const before = balances(accounts)
    booked({ kind: 'payment', accountId: 'a', amount: 100 })
    expect(balances(accounts)).toEqual(before)
  })

  test('transfers neither make nor lose money, and no account falls below zero', () => {
    const id = fc.constantFrom('acc_1', 'acc_2', 'acc_3', 'acc_4', 'acc_5')
    const transfer = fc.record({
      kind: fc.constant('transfer' as const),
      accountId: id,
      toAccountId: id,
      amount: fc.integer({ min: -10, max: 100_000 }),
    })
    const total = (of: Accounts) => [...of.values()].reduce((sum, a) => sum + a.balance, 0)
    fc.assert(
      fc.property(fc.array(transfer, { maxLength: 50 }), (transfers) => {
        let now = seed
        for (const movement of transfers) {
          const booking = book(now, movement)
          if ('accounts' in booking) now = booking.accounts
        }
        expect(total(now)).toBe(total(seed))
        for (const account of now.values()) expect(account.balance).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})

test.each([
  ['4242424242424242', true],
  ['5555555555554444', true],
  ['4242424242424241', false],
  ['4242 4242 4242 4242', false],
  ['', false],
])('%j as a card number: %s', (number, expected) => {
  expect(isCardNumber(number)).toBe(expected)
})
