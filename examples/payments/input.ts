import { z } from 'zod'
import { isCardNumber, maxAmount } from './ledger.ts'

/** What callers send. Both versions share the parts; amounts differ. */
const amount = z.int('must be an integer in minor units').min(1).max(maxAmount)
const money = z.strictObject({
  value: amount,
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code'),
})
const accountId = z.string().min(1).max(64)
const card = z.strictObject({
  number: z.string().refine(isCardNumber, 'is not a card number'),
  expiry: z.string().regex(/^(0[1-9]|1[0-2])\/\d{2}$/, 'must be MM/YY'),
  cvc: z.string().regex(/^\d{3,4}$/, 'must be 3 or 4 digits'),
})
const iban = z.string().regex(/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/, 'is not an IBAN')

const inputsWith = <A extends z.ZodType>(amount: A) => ({
  payment: z.object({ amount, account_id: accountId }),
  topup: z.object({ amount, account_id: accountId, card }),
  withdrawal: z.object({ amount, account_id: accountId, iban }),
  transfer: z.object({ amount, from_account_id: accountId, to_account_id: accountId }),
})
export const v1Inputs = inputsWith(amount)
export const v2Inputs = inputsWith(money)

export const PageInput = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  after: z.string().max(64).optional(),
})

/** The first fault as a sentence, e.g. `amount: must be an integer in minor units`. */
export function faultOf(error: z.ZodError): string {
  const [issue] = error.issues
  const place = issue?.path.join('.')
  return `${place ? `${place}: ` : ''}${issue?.message ?? 'is not valid'}`
}

/** All that may be shown of a card. */
export function lastDigits(number: string): string {
  return `**** ${number.slice(-4)}`
}
