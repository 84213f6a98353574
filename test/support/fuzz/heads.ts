import fc from 'fast-check'

/** Messages that are nearly plain: what usual clients and services write, what lies beside it, and bytes changed. */

const names = [
  ...[
    'Host',
    'host',
    'Accept',
    'x-api-key',
    'Content-Type',
    'Idempotency-Key',
    'X_y',
    'a.b',
    '__proto__',
    'Via',
  ],
  ...[
    'Content-Length',
    'content-length',
    'Transfer-Encoding',
    'Connection',
    'Keep-Alive',
    'Upgrade',
    'Expect',
  ],
  ...['Proxy-Connection', 'Trailer', 'TE', 'a b', 'a\t', '', ':', '(a)', 'ä', 'Content-Length\0'],
]
const values = [
  ...[
    'api.test',
    '*/*',
    'application/json',
    'x',
    '',
    '0',
    '2',
    '002',
    '+2',
    '0x2',
    '2, 2',
    '99',
    '1e0',
    '-0',
  ],
  ...[
    'chunked',
    'keep-alive',
    'Keep-Alive',
    'close',
    'keep-alive, close',
    'upgrade',
    'websocket',
    '100-continue',
  ],
  ...[
    ' a',
    'a ',
    '\ta',
    'a\tb',
    'a\r',
    'a\r\n b',
    'a\nb',
    'a\0b',
    'a\x7fb',
    'ä',
    'identity',
    'timeout=5, max=9',
  ],
]
const separators = [': ', ':', ': ', ':  ', ':\t', ' : ', '']
const ends = ['\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\r\n', '']
const bodies = ['', '', '{}', 'ab', 'a', '{}\r\n', 'GET / HTTP/1.1\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n']

const oneOf = (texts: readonly string[]) => fc.constantFrom(...texts)
/** Nearly always the first. */
const mostly = (first: string, others: readonly string[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(first) }, { weight: 1, arbitrary: oneOf(others) })

const goodLine = fc
  .tuple(fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,11}$/), fc.stringMatching(/^[!-~]([ -~]{0,60}[!-~])?$/))
  .map(([name, value]) => `${name}: ${value}\r\n`)
const anyLine = fc
  .tuple(oneOf(names), mostly(': ', separators), oneOf(values), mostly('\r\n', ends))
  .map((parts) => parts.join(''))
const lines = fc
  .array(fc.oneof({ weight: 6, arbitrary: goodLine }, { weight: 2, arbitrary: anyLine }), { maxLength: 10 })
  .map((all) => all.join(''))

/** Head and body: with the length that is said, mostly. */
const rest = fc
  .tuple(lines, oneOf(bodies), fc.boolean(), mostly('\r\n', ends))
  .map(
    ([head, body, saysLength, end]) =>
      `${head}${saysLength ? `content-length: ${body.length}\r\n` : ''}${end}${body}`,
  )

/** A byte put in, taken out or put in the place of another. */
const change = fc.tuple(fc.nat(), fc.nat(255), fc.nat(2))
const changed = (message: fc.Arbitrary<string>) =>
  fc
    .tuple(message, fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(change, { maxLength: 2 })))
    .map(([text, changes]) => {
      let bytes = Buffer.from(text, 'latin1')
      for (const [place, byte, left] of changes) {
        const at = place % (bytes.length + 1)
        const put = left === 2 ? [] : [byte]
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from(put),
          bytes.subarray(at + (left === 0 ? 0 : 1)),
        ])
      }
      return bytes
    })

const methods = [
  'POST',
  'PUT',
  'HEAD',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'get',
  'CONNECT',
  'TRACE',
  'PRI',
  'SOURCE',
  '',
]
const targets = ['/', '/a?b=%20"', '*', '//a', '/ä', '/a#b', '/a\tb', 'http://other.test/', 'a:443', '']
const versions = [
  ' HTTP/1.0',
  ' HTTP/1.1 ',
  '  HTTP/1.1',
  ' HTTP/2.0',
  ' HTTP/0.9',
  ' http/1.1',
  ' HTTP/1.11',
  '',
]

export const requests = changed(
  fc
    .tuple(
      mostly('GET', methods),
      mostly('/payments/v1/a', targets),
      mostly(' HTTP/1.1', versions),
      mostly('\r\n', ends),
    )
    .chain(([method, target, version, end]) =>
      rest.map((all) => `${method} ${target}${version}${end}${all}`),
    ),
)

const starts = ['HTTP/1.0 200 OK', 'HTTP/1.1 200', 'HTTP/1.1 204 No', 'HTTP/1.1 304 No', 'HTTP/1.1 100 Go on']
const oddStarts = [
  'HTTP/1.1  200 OK',
  'HTTP/1.1 2000',
  'HTTP/1.1 0x1 A',
  'HTTP/1.1 101 A',
  'ICY 200 OK',
  'HTTP/1.1 600 A',
]

export const answers = changed(
  fc
    .tuple(mostly('HTTP/1.1 200 OK', [...starts, ...oddStarts]), mostly('\r\n', ends))
    .chain(([start, end]) => rest.map((all) => `${start}${end}${all}`)),
)
