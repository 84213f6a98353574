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
