import { z } from 'zod'

const Pointer = z
  .string()
  .regex(/^(\/([^/~]|~[01])*)+$/, 'a JSON pointer such as /amount/value (RFC 6901)')
  .max(500)

export const schema = z.strictObject({
  operations: z
    .array(z.string().min(1).max(300))
    .min(1)
    .max(200)
    .optional()
    .describe(
      'Ids of the operations that make a payment. Absent: all that it applies to, but those with GET, HEAD and OPTIONS.',
    ),
  amount: z
    .strictObject({
      pointer: Pointer.describe('Where in the JSON body the amount is, e.g. `/amount/value`.'),
      form: z
        .enum(['minor', 'decimal'])
        .describe(
          '`minor`: a whole number of the smallest unit of the currency (ISO 4217), 12350 for 123.50 EUR. `decimal`: as people write it, `123.50`.',
        ),
    })
    .describe('The amount, a number or a text.'),
  currency: z
    .union([
      z.strictObject({ pointer: Pointer.describe('Where in the JSON body the currency is.') }),
      z.strictObject({
        code: z
          .string()
          .regex(/^[A-Z]{3}$/, 'an ISO 4217 code such as EUR')
          .describe('The one currency of the API.'),
      }),
    ])
    .describe('The currency (ISO 4217).'),
  creditorAccountPointer: Pointer.describe(
    'Where in the JSON body the account that is paid is: its IBAN, or its number where that is what was allowed.',
  ),
  creditorNamePointer: Pointer.optional().describe(
    'Where in the JSON body the name of who is paid is. A call that names nobody passes; one that names another than was allowed does not. Absent: names are not compared.',
  ),
  remittancePointer: Pointer.optional().describe(
    'Where in the JSON body the text for the creditor is, compared in the same way. Absent: it is not.',
  ),
})
export type PaymentAuthorizationConfig = z.infer<typeof schema>
