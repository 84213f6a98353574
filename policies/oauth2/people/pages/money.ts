import type { PaymentInitiation } from '../../../../registry/oauth-model.ts'
import type { Language } from '../text/index.ts'

export type Amount = PaymentInitiation['instructedAmount']

/** An amount as people of this language write it. Never rounded: what is allowed is what is shown. */
export function formatAmount({ amount, currency }: Amount, language: Language): string {
  const usual = new Intl.NumberFormat(language, { style: 'currency', currency })
  const decimals = amount.split('.')[1]?.length ?? 0
  const { minimumFractionDigits = 2, maximumFractionDigits = 2 } = usual.resolvedOptions()
  const exact = new Intl.NumberFormat(language, {
    style: 'currency',
    currency,
    minimumFractionDigits,
    maximumFractionDigits: Math.max(maximumFractionDigits, decimals),
  })
  // As text: a number would lose digits of large amounts (ECMA-402, Intl.NumberFormat v3).
  return exact.format(amount as Intl.StringNumericLiteral)
}

/** Of amounts in one currency, exactly. @returns undefined when they are of several */
export function totalOf(amounts: readonly Amount[]): Amount | undefined {
  const [first] = amounts
  if (!first || amounts.some(({ currency }) => currency !== first.currency)) return undefined
  const scale = 4 // most decimals that an amount may have
  const units = amounts.reduce((sum, { amount }) => sum + unitsOf(amount, scale), 0n)
  const digits = String(units).padStart(scale + 1, '0')
  const fraction = digits.slice(-scale).replace(/0+$/, '')
  return { currency: first.currency, amount: digits.slice(0, -scale) + (fraction && `.${fraction}`) }
}

function unitsOf(amount: string, scale: number): bigint {
  const [whole = '0', fraction = ''] = amount.split('.')
  return BigInt(whole + fraction.padEnd(scale, '0'))
}

/** ISO 13616: an IBAN is printed in groups of four. */
export const groupedIban = (iban: string) =>
  iban
    .replaceAll(' ', '')
    .replaceAll(/(.{4})/g, '$1 ')
    .trim()
