/** Distinguished names in the text form of RFC 4514, e.g. `CN=till-1,O=Shop\, Inc.,C=DE`. */

/** Parts in the order of the text; each a set of `type=value`, mostly of one. Types as numbers, values as they compare. */
export type DistinguishedName = readonly (readonly string[])[]

/** RFC 4514 §3 and what OpenSSL calls the types that payment certificates have (ETSI TS 119 495). */
const typeNumbers: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  SERIALNUMBER: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  S: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  TITLE: '2.5.4.12',
  BUSINESSCATEGORY: '2.5.4.15',
  POSTALCODE: '2.5.4.17',
  GN: '2.5.4.42',
  DNQUALIFIER: '2.5.4.46',
  ORGANIZATIONIDENTIFIER: '2.5.4.97',
  UID: '0.9.2342.19200300.100.1.1',
  DC: '0.9.2342.19200300.100.1.25',
  EMAILADDRESS: '1.2.840.113549.1.9.1',
  JURISDICTIONL: '1.3.6.1.4.1.311.60.2.1.1',
  JURISDICTIONST: '1.3.6.1.4.1.311.60.2.1.2',
  JURISDICTIONC: '1.3.6.1.4.1.311.60.2.1.3',
}

/** @returns undefined for what is no name, or has a value in hexadecimal: that is no text to compare */
export function readName(text: string): DistinguishedName | undefined {
  const parts: string[][] = [[]]
  let rest = text.trim()
  while (rest !== '') {
    const found =
      /^([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)\s*=\s*((?:[^\\,;+"<>]|\\[0-9A-Fa-f]{2}|\\[^0-9A-Fa-f])*)([,;+]|$)/.exec(
        rest,
      )
    if (!found) return undefined
    const [whole, type, value, separator] = found
    const number = /^\d/.test(type!) ? type! : typeNumbers[type!.toUpperCase()]
    const compared = comparable(value!)
    if (number === undefined || compared === undefined) return undefined
    parts.at(-1)!.push(`${number}=${compared}`)
    rest = rest.slice(whole.length).trimStart()
    if (separator === ',' || separator === ';') parts.push([])
    if (separator !== '' && rest === '') return undefined
  }
  return parts[0]!.length === 0 ? undefined : parts.map((part) => part.sort())
}

/** RFC 4517 §4.2.15: the same parts in the same order; upper and lower case are the same, and any run of spaces is one. */
export function isSameName(a: DistinguishedName, b: DistinguishedName): boolean {
  return a.length === b.length && a.every((part, i) => part.join('\n') === b[i]!.join('\n'))
}

function comparable(value: string): string | undefined {
  if (value.trimStart().startsWith('#')) return undefined
  const bytes: Buffer[] = []
  for (const [piece] of value.matchAll(/\\[0-9A-Fa-f]{2}|\\.|[^\\]+/gs)) {
    if (/^\\[0-9A-Fa-f]{2}$/.test(piece)) bytes.push(Buffer.from(piece.slice(1), 'hex'))
    else bytes.push(Buffer.from(piece.startsWith('\\') ? piece.slice(1) : piece))
  }
  return Buffer.concat(bytes).toString('utf8').normalize('NFKC').toLowerCase().trim().replaceAll(/\s+/g, ' ')
}
