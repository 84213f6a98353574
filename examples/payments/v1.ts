import { type Response, Router } from 'express'
import type { z } from 'zod'
import type { Bank, Receipt } from './bank.ts'
import { faultOf, lastDigits, PageInput, v1Inputs } from './input.ts'
import type { Movement, Refusal } from './ledger.ts'

const refusals: Record<Refusal, readonly [status: number, message: string]> = {
  'account-unknown': [404, 'There is no such account.'],
  'funds-insufficient': [402, 'The account does not hold enough money.'],
  'amount-invalid': [422, 'The amount is out of range.'],
  'currency-mismatch': [422, 'The accounts have different currencies.'],
  'account-same': [422, 'The two accounts are the same.'],
}

/** Version 1: plain amounts in the account's currency; answers with `status` and `message`. */
export function v1(bank: Bank): Router {
  const router = Router()

  router.post('/payment', (req, res) => {
    take(res, v1Inputs.payment, req.body, ({ amount, account_id }) =>
      settle(res, { kind: 'payment', accountId: account_id, amount }, ({ id }) => {
        // Relative to the address of the call: only a gateway in front knows the whole one.
        res.location(`payments/${id}`)
        return { status: 'success', message: 'Payment processed successfully.' }
      }),
    )
  })

  router.get('/payments/:paymentId', (req, res) => {
    const receipt = bank.receipt(req.params.paymentId)
    if (receipt?.kind !== 'payment') return void fail(res, 404, 'There is no such payment.')
    res.json({
      payment_id: receipt.id,
      status: 'success',
      amount: receipt.amount,
      account_id: receipt.accountId,
      created_at: receipt.at,
    })
  })

  router.post('/topups', (req, res) => {
    take(res, v1Inputs.topup, req.body, ({ amount, account_id, card }) =>
      settle(res, { kind: 'topup', accountId: account_id, amount }, ({ id }) => ({
        status: 'success',
        message: 'Account topped up.',
        topup_id: id,
        card: lastDigits(card.number),
      })),
    )
  })

  router.post('/withdrawals', (req, res) => {
    take(res, v1Inputs.withdrawal, req.body, ({ amount, account_id }) =>
      settle(res, { kind: 'withdrawal', accountId: account_id, amount }, ({ id }) => ({
        status: 'success',
        message: 'Withdrawal accepted.',
        withdrawal_id: id,
      })),
    )
  })

  router.post('/transfers', (req, res) => {
    take(res, v1Inputs.transfer, req.body, ({ amount, from_account_id, to_account_id }) =>
      settle(
        res,
        { kind: 'transfer', accountId: from_account_id, toAccountId: to_account_id, amount },
        ({ id }) => ({
          status: 'success',
          message: 'Transfer completed.',
          transfer_id: id,
        }),
      ),
    )
  })

  router.get('/accounts/:accountId/balance', (req, res) => {
    const account = bank.account(req.params.accountId)
    if (!account) return void fail(res, ...refusals['account-unknown'])
    res.json({ account_id: account.id, balance: account.balance, currency: account.currency })
  })

  router.get('/accounts/:accountId/transactions', (req, res) => {
    if (!bank.account(req.params.accountId)) return void fail(res, ...refusals['account-unknown'])
    take(res, PageInput, req.query, ({ limit, after }) => {
      const { items, hasMore } = bank.transactions(req.params.accountId, limit, after)
      const transactions = items.map((t) => ({
        transaction_id: t.id,
        kind: t.kind,
        amount: t.change,
        balance_after: t.balanceAfter,
        created_at: t.at,
      }))
      res.json({ transactions, next: hasMore ? (items.at(-1)?.id ?? null) : null })
    })
  })

  function settle(res: Response, movement: Movement, answer: (receipt: Receipt) => object): void {
    const outcome = bank.book(movement)
    if (typeof outcome === 'string') fail(res, ...refusals[outcome])
    else res.json(answer(outcome))
  }

  return router
}

function take<T>(res: Response, schema: z.ZodType<T>, input: unknown, use: (value: T) => void): void {
  const parsed = schema.safeParse(input)
  if (parsed.success) use(parsed.data)
  else fail(res, 422, faultOf(parsed.error))
}

function fail(res: Response, status: number, message: string): void {
  res.status(status).json({ status: 'error', message })
}
