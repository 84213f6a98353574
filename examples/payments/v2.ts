import { type Response, Router } from 'express'
import type { z } from 'zod'
import type { Bank, Receipt } from './bank.ts'
import { repeatable } from './idempotency.ts'
import { faultOf, lastDigits, PageInput, v2Inputs } from './input.ts'
import type { Movement, Refusal } from './ledger.ts'
import { sendProblem } from './problem.ts'

const refusals: Record<Refusal, readonly [status: number, title: string]> = {
  'account-unknown': [404, 'There is no such account'],
  'funds-insufficient': [402, 'The account does not hold enough money'],
  'amount-invalid': [422, 'The amount is out of range'],
  'currency-mismatch': [422, 'The currency is not that of the account'],
  'account-same': [422, 'The two accounts are the same'],
}

/** Version 2: amounts with their currency, resources that can be read again, safe repetition, problem+json. */
export function v2(bank: Bank): Router {
  const router = Router()
  router.use(repeatable())

  router.post('/payments', (req, res) => {
    take(res, v2Inputs.payment, req.body, ({ amount, account_id }) =>
      settle(res, {
        kind: 'payment',
        accountId: account_id,
        amount: amount.value,
        currency: amount.currency,
      }),
    )
  })

  router.get('/payments/:paymentId', (req, res) => {
    const receipt = bank.receipt(req.params.paymentId)
    if (receipt?.kind !== 'payment') return sendProblem(res, 404, 'There is no such payment')
    res.json(describe(receipt))
  })

  router.post('/topups', (req, res) => {
    take(res, v2Inputs.topup, req.body, ({ amount, account_id, card }) =>
      settle(
        res,
        { kind: 'topup', accountId: account_id, amount: amount.value, currency: amount.currency },
        {
          card: lastDigits(card.number),
        },
      ),
    )
  })

  router.post('/withdrawals', (req, res) => {
    take(res, v2Inputs.withdrawal, req.body, ({ amount, account_id }) =>
      settle(res, {
        kind: 'withdrawal',
        accountId: account_id,
        amount: amount.value,
        currency: amount.currency,
      }),
    )
  })

  router.post('/transfers', (req, res) => {
    take(res, v2Inputs.transfer, req.body, ({ amount, from_account_id, to_account_id }) =>
      settle(
        res,
        {
          kind: 'transfer',
          accountId: from_account_id,
          toAccountId: to_account_id,
          amount: amount.value,
          currency: amount.currency,
        },
        { to_account_id },
      ),
    )
  })

  router.get('/accounts/:accountId/balance', (req, res) => {
    const account = bank.account(req.params.accountId)
    if (!account) return sendProblem(res, ...refusals['account-unknown'])
    res.json({ account_id: account.id, available: { value: account.balance, currency: account.currency } })
  })

  router.get('/accounts/:accountId/transactions', (req, res) => {
    if (!bank.account(req.params.accountId)) return sendProblem(res, ...refusals['account-unknown'])
    take(res, PageInput, req.query, ({ limit, after }) => {
      const { items, hasMore } = bank.transactions(req.params.accountId, limit, after)
      const data = items.map((t) => ({
        id: t.id,
        kind: t.kind,
        change: { value: t.change, currency: t.currency },
        balance_after: { value: t.balanceAfter, currency: t.currency },
        created_at: t.at,
      }))
      res.json({ data, has_more: hasMore })
    })
  })

  function settle(res: Response, movement: Movement, more: object = {}): void {
    const outcome = bank.book(movement)
    if (typeof outcome === 'string') return void sendProblem(res, ...refusals[outcome])
    // Relative to the address of the call: only a gateway in front knows the whole one.
    if (outcome.kind === 'payment') res.location(`payments/${outcome.id}`)
    res.status(201).json({ ...describe(outcome), ...more })
  }

  return router
}

function describe({ id, accountId, amount, currency, at }: Receipt): object {
  return {
    id,
    status: 'succeeded',
    account_id: accountId,
    amount: { value: amount, currency },
    created_at: at,
  }
}

function take<T>(res: Response, schema: z.ZodType<T>, input: unknown, use: (value: T) => void): void {
  const parsed = schema.safeParse(input)
  if (parsed.success) use(parsed.data)
  else sendProblem(res, 422, 'The input is not valid', faultOf(parsed.error))
}
