import { describe, expect, test } from '@jest/globals'
import { Ambiguous, readStrictly } from '../support/strict.ts'

/** The judge of the security tests is judged first: it must take what is plain, and nothing else. */

const head = (...lines: string[]) => ['POST /a?b HTTP/1.1', 'Host: a', ...lines, '', ''].join('\r\n')

test('reads one request and leaves the rest', () => {
  const request = readStrictly(`${head('Content-Length: 3')}abcGET`)!
  expect(request).toMatchObject({ method: 'POST', target: '/a?b', body: 'abc' })
  expect(request.bytes.endsWith('abc')).toBe(true)
  expect(readStrictly(`${head('Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\n\r\nX`)!.body).toBe('abc')
  expect(readStrictly(head())!.body).toBe('')
})

test.each([
  'POST /a HTTP/1.1\r',
  head().slice(0, -2),
  head().slice(0, -1),
  `${head('Content-Length: 3')}ab`,
  `${head('Transfer-Encoding: chunked')}3\r\nabc\r`,
  `${head('Transfer-Encoding: chunked')}0\r\n`,
])('waits for the rest of %j', (text) => expect(readStrictly(text)).toBeUndefined())

describe('throws', () => {
  test.each([
    'POST  /a HTTP/1.1\r\n',
    'POST a HTTP/1.1\r\n',
    'POST /a HTTP/1.0\r\n',
    'POST /a\n',
    'P(ST /a HTTP/1.1\r\n',
    'POST /a#b HTTP/1.1\r\n',
    'POST /\xe9 HTTP/1.1\r\n',
    head('X: a\nb'),
    head('X: a\rb'),
    head('X: a\0b'),
    head('X: a\x7fb'),
    head('X : a'),
    head(' X: a'),
    head('X'),
    head(': a'),
    head('Host: b'),
    head().replace('Host: a\r\n', ''),
    head('Authorization: a', 'Authorization: b'),
    head('Content-Length: 1', 'Content-Length: 1'),
    head('Content-Length: 01'),
    head('Content-Length: +1'),
    head('Content-Length: 1, 1'),
    head('Content_Length: 1'),
    head('Content-Length: 1', 'Transfer-Encoding: chunked'),
    head('Transfer-Encoding: Chunked'),
    head('Transfer-Encoding: gzip, chunked'),
    ...[
      '3;a\r\nabc',
      '03\r\nabc',
      'g\r\n',
      '-1\r\n',
      '3\nabc',
      '3\r\nabcd\r\n',
      '0\r\nX: a\r\n\r\n',
      '\r\n',
    ].map((body) => head('Transfer-Encoding: chunked') + body),
  ])('at %j', (text) => expect(() => readStrictly(text)).toThrow(Ambiguous))
})
