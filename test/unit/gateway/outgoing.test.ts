import { describe, expect, test } from '@jest/globals'
import { incomingHeaders, incomingTrailers, outgoingHeaders } from '../../../gateway/outgoing.ts'
import { getHeader } from '../../../policies/header-list.ts'
import { readExchange } from '../../support/exchange.ts'

const stranger = { address: '192.0.2.1', isTrusted: false, protocol: '1.1' }
const proxy = { address: '10.0.0.1', isTrusted: true, protocol: '2.0' }
const sent = (raw: string[], peer = stranger) => {
  const x = readExchange({ raw: ['Host', 'api.test', ...raw], remoteAddress: peer.address })
  const list = outgoingHeaders(x, peer)
  return (name: string) => getHeader(list, name)
}

describe('headers to the service', () => {
  test('drops those of one hop and those that Connection names', () => {
    const get = sent([
      'Connection',
      'x-hop, close',
      'X-Hop',
      '1',
      'Keep-Alive',
      'a',
      'Upgrade',
      'h2c',
      'TE',
      'gzip',
      'Expect',
      '100-continue',
      'X-Stay',
      '2',
    ])
    expect(['connection', 'x-hop', 'keep-alive', 'upgrade', 'te', 'expect'].map(get)).toEqual(
      Array(6).fill(undefined),
    )
    expect(get('x-stay')).toBe('2')
  })

  test.each(['content-length', 'content-type', 'authorization', 'idempotency-key', 'signature'])(
    'does not let Connection strike %s',
    (name) => {
      expect(sent(['Connection', name, name, '1'])(name)).toBe('1')
    },
  )

  test.each([
    'X-Gateway-Partner',
    'x_gateway_partner',
    'X-Forwarded-For',
    'X_Forwarded_For',
    'Forwarded',
    'X-Real-IP',
    'X-Request-Id',
    'Via',
  ])('does not let a stranger say %s', (name) => {
    const list = outgoingHeaders(readExchange({ raw: ['Host', 'a', name, '6.6.6.6'] }), stranger)
    if (name === 'Via') expect(getHeader(list, name)).toBe('6.6.6.6, 1.1 gateway')
    else expect(list.join('\n')).not.toContain('6.6.6.6')
  })

  test.each([
    ['a=1; __Host-session=secret; b=2', 'a=1; b=2'],
    ['__Host-interaction=secret;__Host-device=secret', undefined],
    ['__Host-sessions=theirs; session=theirs', '__Host-sessions=theirs; session=theirs'],
  ])('keeps the cookies of the pages for people to itself: %s', (cookie, rest) => {
    expect(sent(['Cookie', cookie])('cookie')).toBe(rest)
  })

  test('says who called', () => {
    const get = sent([])
    expect(get('x-forwarded-for')).toBe('192.0.2.1')
    expect(get('x-forwarded-proto')).toBe('http')
    expect(get('x-forwarded-host')).toBe('api.test')
    expect(get('forwarded')).toBe('for=192.0.2.1;host="api.test";proto=http')
    expect(get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('carries on what a trusted proxy said', () => {
    const get = sent(
      ['X-Forwarded-For', '203.0.113.7', 'X-Forwarded-Proto', 'https', 'X-Forwarded-Host', 'pay.bank.test'],
      proxy,
    )
    expect(get('x-forwarded-for')).toBe('203.0.113.7, 10.0.0.1')
    expect(get('x-forwarded-proto')).toBe('https')
    expect(get('forwarded')).toBe('for=203.0.113.7;host="pay.bank.test";proto=https')
  })

  test('keeps a valid traceparent and begins one otherwise', () => {
    const given = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    expect(sent(['traceparent', given])('traceparent')).toBe(given)
    for (const bad of ['00-0-0-01', `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`]) {
      expect(sent(['traceparent', bad])('traceparent')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    }
  })

  test('keeps the one member of TE that reaches further', () => {
    expect(sent(['TE', 'gzip, trailers'])('te')).toBe('trailers')
  })
})

describe('headers to the partner', () => {
  const raw = (...texts: string[]) => texts.map((text) => Buffer.from(text, 'latin1'))

  test('drops those of one hop and keeps the rest in order, with bytes beyond ASCII', () => {
    const { headers: list } = incomingHeaders(
      raw(
        'X-A',
        'é',
        'Connection',
        'x-b',
        'X-B',
        '1',
        'Transfer-Encoding',
        'chunked',
        'Set-Cookie',
        'a',
        'Set-Cookie',
        'b',
      ),
      'id-1',
      '2.0 gateway',
    )
    expect(list).toEqual([
      'X-A',
      'é',
      'Set-Cookie',
      'a',
      'Set-Cookie',
      'b',
      'via',
      '2.0 gateway',
      'x-request-id',
      'id-1',
    ])
  })
})

test('trailers cross, but for what frames, routes, authenticates or directs', () => {
  const raw = ['X-Checksum', 'a', 'Content-Length', '3', 'Set-Cookie', 'b', 'Via', 'c', 'Content-Digest', 'd']
  expect(incomingTrailers(raw)).toEqual([
    ['X-Checksum', 'a'],
    ['Content-Digest', 'd'],
  ])
})
