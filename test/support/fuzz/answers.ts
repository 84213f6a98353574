import fc from 'fast-check'
import {
  type Change,
  type Chunking,
  change,
  changed,
  chunking,
  cuts,
  few,
  inChunks,
  piecesOf,
} from './bytes.ts'

/** What a service says to one call: well made, badly made, changed on the way, broken off. */
export interface Saying {
  readonly status: string
  readonly lines: readonly string[]
  readonly body: string
  readonly framing: string | Chunking
  readonly before: string
  readonly behind: string
  readonly changes: readonly Change[]
  readonly cuts: readonly number[]
  /** How much of it is said, as a share. */
  readonly share: number
  /** What becomes of the connection then. */
  readonly ending: 'stays' | 'ends' | 'resets'
}

export type Asking = { readonly method: 'GET' | 'POST' | 'HEAD'; readonly version: '1.0' | '1.1' }

const poison = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison'

const odd = fc.constantFrom(
  ...[
    'content-length: 2',
    'Content-Length: 6',
    'content-length: 2, 2',
    'content-length: +2',
    'content-length:',
  ],
  ...[
    'content-length : 2',
    'Content_Length: 2',
    'transfer-encoding: chunked',
    'transfer-encoding: gzip, chunked',
  ],
  ...['transfer-encoding: identity', 'transfer-encoding:', 'Transfer-Encoding: Chunked', 'connection: close'],
  ...['connection: keep-alive', 'connection: content-length, x-a', 'keep-alive: timeout=0', 'x-a: b', 'x-a:'],
  ...['x-a: b\r\n c', ' x-a: b', 'x a: b', 'x-a', ': x', 'x-a: \0', 'x-a: b\rc', 'x-a: b\nc', 'x-a: caf\xe9'],
  ...[
    'trailer: x-t',
    'content-encoding: gzip',
    'set-cookie: a=b',
    'set-cookie: c=d',
    'location: /x',
    'date: x',
  ],
  ...['content-type: text/plain', 'retry-after: 1', 'upgrade: h2c', 'x-request-id: theirs', 'via: 1.1 x'],
)

const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: others.length + 4, arbitrary: fc.constant(usual) }, fc.constantFrom(...others))

export const asking: fc.Arbitrary<Asking> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'POST', 'HEAD'),
  version: fc.constantFrom('1.1', '1.1', '1.0'),
})

export const saying: fc.Arbitrary<Saying> = fc.record({
  status: mostly(
    'HTTP/1.1 200 OK',
    ...['HTTP/1.1 200', 'HTTP/1.1 200 ', 'HTTP/1.0 200 OK', 'HTTP/2.0 200 OK', 'HTTP/1.1 204 No Content'],
    ...[
      'HTTP/1.1 304 Not Modified',
      'HTTP/1.1 500 Oops',
      'HTTP/1.1 404 Nothing',
      'HTTP/1.1 205 Reset Content',
    ],
    ...[
      'HTTP/1.1 099 X',
      'HTTP/1.1 1000 X',
      'HTTP/1.1 101 Switching',
      'HTTP/1.1 100 Continue',
      'HTTP/1.1 302 Found',
    ],
    ...[
      'HTTP/1.1  200 OK',
      'HTTP 200 OK',
      'ICY 200 OK',
      'http/1.1 200 OK',
      '',
      ' HTTP/1.1 200 OK',
      'HTTP/1.1 200 O\xffK',
    ],
  ),
  lines: few(odd, 3),
  body: fc.constantFrom(
    '',
    'ok',
    'ok',
    poison,
    `0\r\n\r\n${poison}`,
    '\r\n',
    'x'.repeat(40_000),
    '\0\xff\r\n',
  ),
  framing: fc.oneof(
    { weight: 4, arbitrary: fc.constant('content-length: {length}') },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        '',
        'content-length: {shorter}',
        'content-length: {longer}',
        'content-length: 0{length}',
      ),
    },
    { weight: 4, arbitrary: chunking },
  ),
  before: mostly(
    '',
    'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n',
    'HTTP/1.1 102 Processing\r\n\r\n',
    '\r\n',
    'x',
  ),
  behind: mostly('', poison, '\r\n', 'junk\r\n\r\n', '0\r\n\r\n'),
  changes: few(change, 2),
  cuts,
  share: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, fc.double({ min: 0, max: 1, noNaN: true })),
  ending: fc.constantFrom('stays', 'stays', 'ends', 'resets'),
})

/** One that every partner must get whole. */
export const plainSaying: fc.Arbitrary<Saying> = fc.record({
  status: fc.constantFrom('HTTP/1.1 200 OK', 'HTTP/1.1 404 Nothing', 'HTTP/1.0 200 OK'),
  lines: fc.constant([]),
  body: fc.constantFrom('', 'ok', poison, '\0\xff\r\n', 'x'.repeat(40_000)),
  framing: fc.oneof(
    fc.constant('content-length: {length}'),
    chunking.map(({ sizes, isPadded }) => ({ sizes, isPadded, extension: '', trailer: '' })),
  ),
  before: fc.constantFrom('', 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'),
  behind: fc.constant(''),
  changes: fc.constant([]),
  cuts,
  share: fc.constant(1),
  ending: fc.constantFrom('stays', 'ends'),
})

/** @returns what is said, and its pieces */
export function wordsOf({ status, lines, body, framing, before, behind, changes, cuts, share }: Saying) {
  const frame =
    typeof framing === 'string'
      ? framing
          .replace('{length}', String(body.length))
          .replace('{shorter}', String(Math.max(0, body.length - 1)))
          .replace('{longer}', String(body.length + 30))
      : 'transfer-encoding: chunked'
  const head = [status, ...lines, ...(frame ? [frame] : [])].join('\r\n')
  const whole = `${before}${head}\r\n\r\n${typeof framing === 'string' ? body : inChunks(body, framing)}${behind}`
  const bytes = changes.reduce(changed, whole)
  const said = share === 1 ? bytes : bytes.slice(0, Math.floor(share * bytes.length))
  return { said, pieces: piecesOf(said, cuts) }
}
