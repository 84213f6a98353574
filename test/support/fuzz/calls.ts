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

/** Calls of a partner on one connection: well made, badly made, or changed on the way. */
export interface Script {
  readonly calls: readonly Call[]
  readonly changes: readonly Change[]
  readonly cuts: readonly number[]
}

interface Call {
  readonly method: string
  readonly form: (path: string) => string
  readonly version: string
  readonly blank: string
  readonly lines: readonly string[]
  readonly body: string
  readonly framing: string | Chunking
}

/** Where the calls go, and with which key. */
export interface Place {
  readonly path: string
  readonly key: string
}

const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: others.length + 4, arbitrary: fc.constant(usual) }, fc.constantFrom(...others))

const hidden = 'GET {path}/accounts/hidden/balance HTTP/1.1\r\nHost: gateway.test\r\nx-api-key: {key}\r\n\r\n'

const odd = fc.constantFrom(
  ...[
    'Content-Length: 0',
    'Content-Length: 3',
    'content-length: 5',
    'Content-Length: +3',
    'Content-Length: 3, 3',
  ],
  ...[
    'Content-Length: 0x3',
    'Content-Length:',
    'Content-Length: 1e1',
    'Content-Length : 3',
    'Content_Length: 3',
  ],
  ...['Transfer-Encoding: chunked', 'Transfer-Encoding: identity', 'Transfer-Encoding: gzip, chunked'],
  ...['Transfer-Encoding:chunked ', 'Transfer-Encoding: xchunked', 'Transfer-Encoding : chunked'],
  ...['Transfer_Encoding: chunked', 'Transfer-Encoding:\tChunked', 'Transfer-Encoding\r\n : chunked'],
  ...[
    'Host: other.test',
    'Host:',
    'host: gateway.test',
    ' Host: x',
    'Host : x',
    'X-A: a\r\n folded',
    '\tX: y',
  ],
  ...[
    'X-A: a\rb',
    'X-A: a\nb',
    'X-A: a\0',
    'X-A: \x01',
    'X A: b',
    'X-A',
    ': a',
    'X-A:',
    'X-A: caf\xe9',
    'X\xe9: a',
  ],
  ...[
    'Connection: close',
    'Connection: keep-alive',
    'Connection: content-length',
    'Connection: x-api-key, host',
  ],
  ...[
    'Connection: Upgrade\r\nUpgrade: h2c',
    'Connection: Upgrade\r\nUpgrade: websocket',
    'Upgrade: websocket',
  ],
  ...['Expect: 100-continue', 'Expect: 200-maybe', 'Early-Data: 1', 'TE: trailers', 'Trailer: X-T'],
  ...[
    'Authorization: Basic eDp5',
    'X-HTTP-Method-Override: DELETE',
    'X-Original-URL: /x',
    'Range: bytes=0-0',
  ],
)

const call: fc.Arbitrary<Call> = fc.record({
  method: mostly(
    'GET',
    'POST',
    'PUT',
    'POST',
    'HEAD',
    'OPTIONS',
    'DELETE',
    'TRACE',
    'CONNECT',
    'PRI',
    'get',
    'GE\tT',
    'G(T',
  ),
  form: mostly<(path: string) => string>(
    (path) => path,
    (path) => `http://gateway.test${path}`,
    (path) => `HTTP://gateway.test:80${path}`,
    (path) => `http://other.test${path}`,
    (path) => `http://x@gateway.test${path}`,
    (path) => `${path}?a=b&c=%20`,
    (path) => `${path}?a=${'b'.repeat(300)}`,
    (path) => `${path}#x`,
    (path) => `/${path}`,
    (path) => path.replace('accounts', '%61ccounts'),
    (path) => path.replace('accounts', 'accounts/..'),
    (path) => path.replace('/accounts', '\\accounts'),
    (path) => path.replace('accounts', 'acco unts'),
    () => '*',
    () => 'gateway.test:443',
    () => '',
  ),
  version: mostly(
    'HTTP/1.1',
    'HTTP/1.0',
    'HTTP/1.2',
    'HTTP/2.0',
    'HTTP/0.9',
    'http/1.1',
    'HTTP/1.1 ',
    'RTSP/1.0',
    'HTTP/11',
    '',
  ),
  blank: mostly(' ', '  ', '\t', '\x0b'),
  lines: few(odd, 3),
  body: fc.constantFrom(
    '',
    '',
    'abc',
    'a=b',
    '{"amount": 1}',
    hidden,
    `0\r\n\r\n${hidden}`,
    '\r\n\r\n',
    'x'.repeat(20_000),
    '\0\xff',
  ),
  framing: fc.oneof(
    { weight: 4, arbitrary: fc.constant('Content-Length: {length}') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '',
        'Content-Length: {shorter}',
        'Content-Length: {longer}',
        'Content-Length: 0{length}',
      ),
    },
    { weight: 3, arbitrary: chunking },
  ),
})

/** One that must be served, whatever stands beside it: the generator says so, and not the reader. */
const plain: fc.Arbitrary<Call> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT'),
  form: fc.constant((path: string) => path),
  version: fc.constant('HTTP/1.1'),
  blank: fc.constant(' '),
  lines: fc.constant([]),
  body: fc.constantFrom('', 'abc', hidden, 'x'.repeat(20_000)),
  framing: fc.oneof(
    fc.constant('Content-Length: {length}'),
    chunking.map(({ sizes, isPadded }) => ({ sizes, isPadded, extension: '', trailer: '' })),
  ),
})

export const script: fc.Arbitrary<Script> = fc.record({
  calls: fc.array(fc.oneof({ weight: 3, arbitrary: call }, { weight: 2, arbitrary: plain }), {
    minLength: 1,
    maxLength: 4,
  }),
  changes: few(change, 3),
  cuts,
})

export const plainScript: fc.Arbitrary<Script> = fc.record({
  calls: fc.array(plain, { minLength: 1, maxLength: 6 }),
  changes: fc.constant([]),
  cuts,
})

/** Fills up what a call claims to have, where the connection does not end by itself. It is no call. */
export const filler = `\r\n${'x'.repeat(200)}\r\n\r\n${'x'.repeat(30_000)}`

/** @param first number of the first call: each has its own, so that the service can say which one it answers */
export function bytesOf({ calls, changes, cuts }: Script, place: Place, first: number) {
  const said = calls.map((call, i) => textOf(call, place, first + i)).join('')
  const bytes = changes.reduce(changed, said)
  const last = textOf(lastCall, place, first + calls.length)
  return { bytes: bytes + last, pieces: [...piecesOf(bytes, cuts), last] }
}

const lastCall: Call = {
  method: 'GET',
  form: (path) => path,
  version: 'HTTP/1.1',
  blank: ' ',
  lines: ['Connection: close'],
  body: '',
  framing: '',
}

function textOf(
  { method, form, version, blank, lines, body, framing }: Call,
  { path, key }: Place,
  number: number,
) {
  const whole = body.replaceAll('{path}', path).replaceAll('{key}', key)
  const resource = method === 'POST' ? '/payment' : method === 'PUT' ? '/files' : '/accounts/1/balance'
  const target = form(`${path}${resource}`)
  const frame =
    typeof framing === 'string'
      ? framing
          .replace('{length}', String(whole.length))
          .replace('{shorter}', String(Math.max(0, whole.length - 2)))
          .replace('{longer}', String(whole.length + 30))
      : 'Transfer-Encoding: chunked'
  const head = [
    `${method}${blank}${target}${blank}${version}`,
    'Host: gateway.test',
    `x-api-key: ${key}`,
    `X-Call: ${number}`,
    ...lines,
    ...(frame ? [frame] : []),
  ]
  return `${head.join('\r\n')}\r\n\r\n${typeof framing === 'string' ? whole : inChunks(whole, framing)}`
}
