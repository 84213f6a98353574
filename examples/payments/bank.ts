import { type Account, type Accounts, book, type Movement, type Refusal, seed } from './ledger.ts'

/** A booked movement as seen from one account. */
export interface Transaction {
  readonly id: string
  readonly kind: Movement['kind']
  readonly accountId: string
  readonly change: number
  readonly balanceAfter: number
  readonly currency: string
  /** ISO 8601. */
  readonly at: string
}

export interface Receipt {
  readonly id: string
  readonly kind: Movement['kind']
  readonly accountId: string
  readonly amount: number
  readonly currency: string
  readonly at: string
}

export type Bank = ReturnType<typeof openBank>

/** Old ones are forgotten, so that a service under load for days does not grow. */
const maxKept = 10_000

/** The memory of one instance: its accounts and what was booked. Instances do not share it. */
export function openBank(now: () => number = Date.now, accountsAtStart: Accounts = seed) {
  let accounts = accountsAtStart
  let count = 0
  const transactions: Transaction[] = []
  const receipts = new Map<string, Receipt>()

  return {
    account: (id: string): Account | undefined => accounts.get(id),
    receipt: (id: string): Receipt | undefined => receipts.get(id),

    book(movement: Movement): Receipt | Refusal {
      const booking = book(accounts, movement)
      if ('refusal' in booking) return booking.refusal
      accounts = booking.accounts
      const at = new Date(now()).toISOString()
      const id = `${prefixes[movement.kind]}_${++count}`
      for (const [i, { accountId, change, balanceAfter, currency }] of booking.entries.entries())
        transactions.push({
          id: `txn_${count}_${i + 1}`,
          kind: movement.kind,
          accountId,
          change,
          balanceAfter,
          currency,
          at,
        })
      if (transactions.length > 2 * maxKept) transactions.splice(0, maxKept)
      const { kind, accountId, amount } = movement
      const receipt = { id, kind, accountId, amount, currency: booking.entries[0]!.currency, at }
      receipts.set(id, receipt)
      if (receipts.size > maxKept) receipts.delete(receipts.keys().next().value!)
      return receipt
    },

    /** Newest first; `after` is the last id of the page before. */
    transactions(
      accountId: string,
      limit: number,
      after?: string,
    ): { items: Transaction[]; hasMore: boolean } {
      const all = transactions.filter((t) => t.accountId === accountId).reverse()
      const start = after === undefined ? 0 : all.findIndex((t) => t.id === after) + 1
      return { items: all.slice(start, start + limit), hasMore: all.length > start + limit }
    },
  }
}

const prefixes = { payment: 'pay', topup: 'top', withdrawal: 'wdr', transfer: 'trf' } as const
