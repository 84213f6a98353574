import { describe, expect, test } from '@jest/globals'
import { headers } from '../../../policies/headers.ts'
import { checkPolicyConfig } from '../../../policies/index.ts'
import { compile, exchange } from '../../support/policy-run.ts'

describe('headers', () => {
  test('removes, sets and appends on the way to the service', () => {
    const outgoing = {
      method: 'GET',
      path: '/',
      headers: ['X-Old', '1', 'x-keep', '2', 'x-KEEP', '3', 'x-set', 'a'],
    }
    const hooks = compile(headers, {
      request: { remove: ['x-old'], set: { 'X-Set': 'b', 'X-New': 'c' }, append: { 'X-Keep': '4' } },
    })
    hooks.onUpstream!(exchange({}, { outgoing }))
    expect(outgoing.headers).toEqual([
      'x-keep',
      '2',
      'x-KEEP',
      '3',
      'x-set',
      'b',
      'X-New',
      'c',
      'X-Keep',
      '4',
    ])
    expect(hooks.onResponse).toBeUndefined()
  })

  test('changes the answer on the way back', () => {
    const response = { status: 200, headers: ['Server', 'nginx', 'ETag', '"1"'] }
    const hooks = compile(headers, {
      response: { remove: ['server'], set: { 'Strict-Transport-Security': 'max-age=1' } },
    })
    hooks.onResponse!(exchange({}, { response }))
    expect(response.headers).toEqual(['ETag', '"1"', 'Strict-Transport-Security', 'max-age=1'])
    expect(hooks.onUpstream).toBeUndefined()
  })

  test.each([
    'Host',
    'content-length',
    'Transfer-Encoding',
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Upgrade',
    'Proxy-Authorization',
    'Expect',
    'X-Gateway-Partner',
    'x_gateway_partner',
    'content_length',
    'bad name',
    'bad:name',
    '',
  ])('refuses to touch "%s"', (name) => {
    expect(checkPolicyConfig('headers', { request: { set: { [name]: 'x' } } })).not.toEqual([])
    expect(checkPolicyConfig('headers', { response: { append: { [name]: 'x' } } })).not.toEqual([])
    expect(checkPolicyConfig('headers', { request: { remove: [name] } })).not.toEqual([])
  })

  test.each(['a\r\nX-Evil: 1', 'a\nb', 'a\rb', 'a\0b', 'a\x7f', 'ā'])('refuses the value %j', (value) => {
    expect(checkPolicyConfig('headers', { request: { set: { 'x-a': value } } })).toHaveLength(1)
  })
})
