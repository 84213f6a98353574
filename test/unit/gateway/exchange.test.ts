import { describe, expect, test } from '@jest/globals'
import { readExchange } from '../../support/exchange.ts'

const host = ['Host', 'API.test:8000']

describe('readRequest', () => {
  test('splits the target, lowers the host and keeps the query as it came', () => {
    const { request } = readExchange({ url: '/a%7Eb?x=%41&x=2', raw: host })
    expect(request).toMatchObject({ path: '/a~b', query: '?x=%41&x=2', host: 'api.test', hasBody: false })
  })

  test('takes the absolute form when it names the same host', () => {
    expect(readExchange({ url: 'http://api.test/a?b', raw: host }).request).toMatchObject({
      path: '/a',
      query: '?b',
    })
    expect(readExchange({ url: 'http://api.test', raw: host }).request.path).toBe('/')
  })

  test.each([
    ['no host', { raw: [] }],
    ['two hosts', { raw: [...host, 'host', 'other'] }],
    ['two authorizations', { raw: [...host, 'Authorization', 'a', 'authorization', 'b'] }],
    ['two lengths', { raw: [...host, 'Content-Length', '3', 'content-length', '3'] }],
    [
      'a length and a transfer coding',
      { raw: [...host, 'Content-Length', '3', 'Transfer-Encoding', 'chunked'] },
    ],
    ['a coding that is not chunked', { raw: [...host, 'Transfer-Encoding', 'gzip, chunked'] }],
    ['a coding that only looks like chunked', { raw: [...host, 'Transfer-Encoding', 'xchunked'] }],
    ['a length that is no number', { raw: [...host, 'Content-Length', '+3'] }],
    ['a host with a path in it', { raw: ['Host', 'api.test/x'] }],
    ['another host in the target', { url: 'http://evil.test/', raw: host }],
    ['a target with user information', { url: 'http://api.test@evil.test/', raw: host }],
    ['a target that is no path', { url: '*', raw: host }],
    ['a space in the query', { url: '/a?b c', raw: host }],
  ])('refuses %s', (_what, request) => {
    expect(() => readExchange(request)).toThrow(expect.objectContaining({ code: 'request-malformed' }))
  })

  test('refuses a target that is too long, and too many headers', () => {
    expect(() => readExchange({ url: `/${'a'.repeat(300)}`, raw: host })).toThrow(
      expect.objectContaining({ code: 'uri-too-long' }),
    )
    const many = Array.from({ length: 30 }, (_, i) => [`x-${i}`, '1']).flat()
    expect(() => readExchange({ raw: [...host, ...many] })).toThrow(
      expect.objectContaining({ code: 'headers-too-large' }),
    )
  })

  test.each([
    ['192.0.2.1', '203.0.113.7', '192.0.2.1', 'an untrusted peer’s header is not believed'],
    ['10.0.0.1', '203.0.113.7', '203.0.113.7', 'a trusted peer’s is'],
    ['10.0.0.1', '1.1.1.1, 203.0.113.7, 10.0.0.2', '203.0.113.7', 'the last untrusted hop counts'],
    ['::ffff:10.0.0.1', '203.0.113.7', '203.0.113.7', 'mapped addresses are plain ones'],
    ['10.0.0.1', 'nonsense', '10.0.0.1', 'what is no address ends the walk'],
  ])('from %s with X-Forwarded-For %s the caller is %s: %s', (remoteAddress, forwardedFor, ip) => {
    const raw = [...host, 'X-Forwarded-For', forwardedFor]
    expect(readExchange({ raw, remoteAddress }).request.ip).toBe(ip)
  })
})

describe('an expectation', () => {
  const refusal = (expect_: string, httpVersion = '1.1') => {
    try {
      readExchange({ raw: [...host, 'Expect', expect_], httpVersion })
      return undefined
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  test('is met when it is 100-continue, and not looked at in HTTP/1.0', () => {
    expect(refusal('100-Continue')).toBeUndefined()
    expect(refusal('wonders')).toBe('expectation-failed')
    expect(refusal('wonders', '1.0')).toBeUndefined()
  })
})

test('HTTP/1.0 with chunks is refused', () => {
  expect(() => readExchange({ raw: [...host, 'Transfer-Encoding', 'chunked'], httpVersion: '1.0' })).toThrow(
    'HTTP/1.0',
  )
})
