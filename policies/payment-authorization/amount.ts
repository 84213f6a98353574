import { exponentOf } from '../../registry/currencies.ts'

/**
 * Amounts of money without a rounding: whole units of 10^-digits. ISO 4217 says how many digits a currency has behind
 * the point; 123.50 EUR are 12350 minor units, 500 JPY are 500.
 */
export interface Amount {
  readonly units: bigint
  readonly digits: number
}

/** Of a decimal number such as `123.50`. @returns undefined for anything else, exponents and signs included */
export function fromDecimal(text: string): Amount | undefined {
  const [, whole, part = ''] = /^(0|[1-9]\d{0,17})(?:\.(\d{1,6}))?$/.exec(text) ?? []
  return whole === undefined ? undefined : { units: BigInt(whole + part), digits: part.length }
}

/** Of a whole number of minor units. @returns undefined for anything else, and for a currency without them */
export function fromMinor(text: string, currency: string): Amount | undefined {
  const digits = exponentOf(currency)
  if (digits === undefined || !/^(0|[1-9]\d{0,17})$/.test(text)) return undefined
  return { units: BigInt(text), digits }
}

/** Whether they are the same money: 123.5 and 123.50 are. */
export function isSameAmount(a: Amount, b: Amount): boolean {
  const digits = Math.max(a.digits, b.digits)
  return scaled(a, digits) === scaled(b, digits)
}

const scaled = ({ units, digits }: Amount, to: number) => units * 10n ** BigInt(to - digits)
