/**
 * Amounts of money without a rounding: whole units of 10^-digits. ISO 4217 says how many digits a currency has behind
 * the point; 123.50 EUR are 12350 minor units, 500 JPY are 500.
 */
export interface Amount {
  readonly units: bigint
  readonly digits: number
}

const withoutDigits = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'
const withThree = 'BHD IQD JOD KWD LYD OMR TND'
const withFour = 'CLF UYW'
/** Metals, units of account and the like: no payment is in them, and they have no minor unit. */
const withoutMinorUnit = 'XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'

const exponents = new Map<string, number>()
for (const currency of Intl.supportedValuesOf('currency')) exponents.set(currency, 2)
for (const [digits, currencies] of [
  [0, withoutDigits],
  [3, withThree],
  [4, withFour],
] as const)
  for (const currency of currencies.split(' ')) exponents.set(currency, digits)
for (const currency of withoutMinorUnit.split(' ')) exponents.delete(currency)

/** Digits behind the point (ISO 4217); undefined for what is no currency that one pays in. */
export const exponentOf = (currency: string): number | undefined => exponents.get(currency)

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
