/**
 * The books: pure functions over accounts. Money is an integer in minor units (cents); a sum never passes
 * through a fraction.
 */
export interface Account {
  readonly id: string
  /** ISO 4217. */
  readonly currency: string
  /** In minor units; never below zero. */
  readonly balance: number
}
export type Accounts = ReadonlyMap<string, Account>

export type Movement =
  | {
      readonly kind: 'payment' | 'topup' | 'withdrawal'
      readonly accountId: string
      readonly amount: number
      readonly currency?: string | undefined
    }
  | {
      readonly kind: 'transfer'
      readonly accountId: string
      readonly toAccountId: string
      readonly amount: number
      readonly currency?: string | undefined
    }

export type Refusal =
  | 'account-unknown'
  | 'funds-insufficient'
  | 'amount-invalid'
  | 'currency-mismatch'
  | 'account-same'

/** What a movement did to one account. */
export interface Entry {
  readonly accountId: string
  /** In minor units: below zero when money left the account. */
  readonly change: number
  readonly balanceAfter: number
  readonly currency: string
}

export type Booking =
  | { readonly accounts: Accounts; readonly entries: readonly Entry[] }
  | { readonly refusal: Refusal }

/** One movement may carry at most this much, in minor units. */
export const maxAmount = 100_000_000_00

/** The last account is nearly empty, to show what happens then. */
export const seed: Accounts = new Map(
  [50_000_000_000_00, 250_000_00, 80_000_00, 12_345, 500].map((balance, i) => {
    const id = `acc_${i + 1}`
    return [id, { id, currency: 'EUR', balance }]
  }),
)

/** Books a movement, or says why not; then the accounts are as they were. */
export function book(accounts: Accounts, movement: Movement): Booking {
  const { amount } = movement
  if (!Number.isSafeInteger(amount) || amount < 1 || amount > maxAmount) return { refusal: 'amount-invalid' }
  const account = accounts.get(movement.accountId)
  if (!account) return { refusal: 'account-unknown' }
  if (movement.currency !== undefined && movement.currency !== account.currency)
    return { refusal: 'currency-mismatch' }
  if (movement.kind === 'topup') return change(accounts, [[account, amount]])
  if (movement.kind !== 'transfer') return change(accounts, [[account, -amount]])
  const receiver = accounts.get(movement.toAccountId)
  if (!receiver) return { refusal: 'account-unknown' }
  if (receiver.id === account.id) return { refusal: 'account-same' }
  if (receiver.currency !== account.currency) return { refusal: 'currency-mismatch' }
  return change(accounts, [
    [account, -amount],
    [receiver, amount],
  ])
}

function change(accounts: Accounts, changes: readonly (readonly [Account, number])[]): Booking {
  const next = new Map(accounts)
  const entries: Entry[] = []
  for (const [account, change] of changes) {
    const balance = account.balance + change
    if (balance < 0) return { refusal: 'funds-insufficient' }
    // Past this, integers are no longer exact.
    if (!Number.isSafeInteger(balance)) return { refusal: 'amount-invalid' }
    next.set(account.id, { ...account, balance })
    entries.push({ accountId: account.id, change, balanceAfter: balance, currency: account.currency })
  }
  return { accounts: next, entries }
}

/** Whether a card number's check digit fits (ISO/IEC 7812-1, Luhn). */
export function isCardNumber(number: string): boolean {
  if (!/^\d{12,19}$/.test(number)) return false
  let sum = 0
  for (const [i, digit] of [...number].reverse().entries()) {
    const value = Number(digit) * (i % 2 === 0 ? 1 : 2)
    sum += value > 9 ? value - 9 : value
  }
  return sum % 10 === 0
}
