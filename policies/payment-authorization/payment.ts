import { valueAt } from '../../registry/base/pointer.ts'
import type { PaymentInitiation } from '../../registry/oauth-model.ts'
import { type Amount, fromDecimal, fromMinor, isSameAmount } from './amount.ts'
import { textAt } from './body.ts'
import type { PaymentAuthorizationConfig } from './schema.ts'

/** A payment as a call asks for it. What cannot be read is undefined, and equals nothing. */
export interface Payment {
  readonly amount: Amount | undefined
  readonly currency: string | undefined
  readonly creditorAccount: string | undefined
  /** `null`: the call names nobody, or nobody looks. */
  readonly creditorName: string | null | undefined
  readonly remittance: string | null | undefined
}

export type Part = keyof Payment

export function readPayment(body: unknown, config: PaymentAuthorizationConfig): Payment {
  const { amount: place, currency: from, creditorAccountPointer } = config
  const currency = 'code' in from ? from.code : textAt(body, from.pointer)
  const text = textAt(body, place.pointer)
  const amount =
    text === undefined || currency === undefined
      ? undefined
      : place.form === 'decimal'
        ? fromDecimal(text)
        : fromMinor(text, currency)
  return {
    amount,
    currency,
    creditorAccount: textAt(body, creditorAccountPointer),
    creditorName: textIfThere(body, config.creditorNamePointer),
    remittance: textIfThere(body, config.remittancePointer),
  }
}

const textIfThere = (body: unknown, pointer: string | undefined) =>
  pointer === undefined || valueAt(body, pointer) == null ? null : textAt(body, pointer)

/** In what a call differs from what was allowed; empty when it is that very payment. */
export function differencesFrom(granted: PaymentInitiation, payment: Payment): Part[] {
  const { instructedAmount, creditorAccount } = granted
  const amount = fromDecimal(instructedAmount.amount)
  const isSameMoney = amount && payment.amount && isSameAmount(amount, payment.amount)
  // Where both are given the IBAN says more: it names the bank, too.
  const account = creditorAccount.iban ?? creditorAccount.bban
  const isSameAccount =
    account !== undefined &&
    payment.creditorAccount !== undefined &&
    plain(account) === plain(payment.creditorAccount)
  const parts: Part[] = []
  if (!isSameMoney) parts.push('amount')
  if (instructedAmount.currency !== payment.currency) parts.push('currency')
  if (!isSameAccount) parts.push('creditorAccount')
  if (!isSameText(payment.creditorName, granted.creditorName)) parts.push('creditorName')
  if (!isSameText(payment.remittance, granted.remittanceInformationUnstructured)) parts.push('remittance')
  return parts
}

/** What a call says is what the person saw; it need not say it. */
const isSameText = (said: string | null | undefined, allowed: string | undefined) =>
  said === null || (said !== undefined && allowed !== undefined && asRead(said) === asRead(allowed))

/** As people read it: case, width and spaces make no other name. */
const asRead = (text: string) => text.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase()

/** Account numbers are printed in groups, and IBANs in capitals (ISO 13616). */
const plain = (account: string) => account.replaceAll(' ', '').toUpperCase()
