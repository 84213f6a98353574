import fc from 'fast-check'

/** What is done to bytes on their way: changes that a parser may stumble over, and pieces in which they arrive. */

/** What separates, ends, counts or controls. */
const nasty = fc.constantFrom(
  ...['\r', '\n', '\r\n', '\r\n\r\n', '\n\n', '\0', ' ', '\t', '\x0b', '\x7f', '\xff', '\xa0'],
  ...[':', ',', ';', '=', '"', '\\', '/', '#', '%', '0', '1', '9', '-', '+', '_', 'x', '{', '('],
)

export interface Change {
  readonly kind: 'insert' | 'replace' | 'delete' | 'double' | 'bare'
  /** Where, as a share of the length. */
  readonly at: number
  readonly size: number
  readonly text: string
}

const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })

export const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('insert', 'replace', 'delete', 'double', 'bare'),
  at: share,
  size: fc.integer({ min: 1, max: 12 }),
  text: nasty,
})

export function changed(bytes: string, { kind, at, size, text }: Change): string {
  const start = Math.floor(at * bytes.length)
  const before = bytes.slice(0, start)
  const behind = bytes.slice(start + (kind === 'insert' || kind === 'bare' ? 0 : size))
  switch (kind) {
    case 'insert':
    case 'replace':
      return before + text + behind
    case 'delete':
      return before + behind
    case 'double':
      return before + bytes.slice(start, start + size).repeat(2) + behind
    case 'bare': {
      const end = bytes.indexOf('\r\n', start)
      return end === -1 ? bytes : `${bytes.slice(0, end)}${size > 6 ? '\n' : '\r'}${bytes.slice(end + 2)}`
    }
  }
}

/** Where bytes are cut into pieces, as shares of their length. */
export const cuts = fc.array(share, { maxLength: 6 })

export function piecesOf(bytes: string, shares: readonly number[]): string[] {
  const places = [...new Set(shares.map((at) => Math.floor(at * bytes.length)))].sort((a, b) => a - b)
  return [0, ...places].map((start, i) => bytes.slice(start, places[i])).filter((piece) => piece !== '')
}

export interface Chunking {
  readonly sizes: readonly number[]
  readonly extension: string
  readonly isPadded: boolean
  readonly trailer: string
}

export const chunking: fc.Arbitrary<Chunking> = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 }),
  extension: fc.constantFrom(
    '',
    '',
    '',
    ';a',
    ';a=b',
    ';a="b;c"',
    ';',
    ' ',
    '; a',
    ' ;a',
    ';a="b',
    ';a=b\x00',
  ),
  isPadded: fc.boolean(),
  trailer: fc.constantFrom(
    '',
    '',
    '',
    'X-T: a\r\n',
    'Content-Length: 3\r\n',
    'X-T\r\n',
    'X T: a\r\n',
    ' x\r\n',
  ),
})

export function inChunks(body: string, { sizes, extension, isPadded, trailer }: Chunking): string {
  let out = ''
  let at = 0
  for (const size of [...sizes, body.length]) {
    const piece = body.slice(at, at + size)
    at += size
    if (piece !== '') out += `${isPadded ? '00' : ''}${piece.length.toString(16)}${extension}\r\n${piece}\r\n`
  }
  return `${out}0${extension}\r\n${trailer}\r\n`
}

/** Mostly none. */
export const few = <T>(arbitrary: fc.Arbitrary<T>, maxLength = 2) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant<T[]>([]) },
    { weight: 2, arbitrary: fc.array(arbitrary, { minLength: 1, maxLength }) },
  )
