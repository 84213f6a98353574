import { describe, expect, test } from '@jest/globals'
import { checkPolicyConfig } from '../../../policies/index.ts'
import { ipFilter } from '../../../policies/ip-filter.ts'
import { ask, compile, exchange } from '../../support/policy-run.ts'

const call = (config: unknown, ip: string) => ask(compile(ipFilter, config), exchange({ ip }))

describe('ip-filter', () => {
  test.each([
    [{ allow: ['10.0.0.0/8'] }, '10.9.9.9'],
    [{ allow: ['10.0.0.0/8'] }, '::ffff:10.9.9.9'],
    [{ allow: ['::ffff:10.0.0.0/104'] }, '10.9.9.9'],
    [{ allow: ['192.0.2.7'] }, '192.0.2.7'],
    [{ allow: ['2001:db8::/32'] }, '2001:0db8:0:0:1::1'],
    [{ deny: ['10.0.0.0/8'] }, '11.0.0.1'],
    [{ allow: ['0.0.0.0/0'] }, '203.0.113.9'],
  ])('%j lets %s in', async (config, ip) => {
    await expect(call(config, ip)).resolves.toBeUndefined()
  })

  test.each([
    [{ allow: ['10.0.0.0/8'] }, '11.0.0.1'],
    [{ allow: ['192.0.2.7'] }, '192.0.2.8'],
    [{ deny: ['10.0.0.0/8'] }, '10.0.0.1'],
    [{ deny: ['10.0.0.0/8'] }, '::ffff:10.0.0.1'],
    [{ allow: ['10.0.0.0/8'], deny: ['10.0.0.5'] }, '10.0.0.5'],
    [{ allow: ['0.0.0.0/0'] }, '2001:db8::1'],
    [{ deny: ['10.0.0.0/8'] }, 'not an address'],
  ])('%j keeps %s out', async (config, ip) => {
    await expect(call(config, ip)).rejects.toMatchObject({ code: 'address-refused' })
  })

  test.each([
    '10.0.0.0/33',
    '010.0.0.1',
    '10.1',
    '2130706433',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '::/129',
    'bank.example',
    '',
  ])('refuses "%s" in a config', (network) =>
    expect(checkPolicyConfig('ip-filter', { allow: [network] })).toMatchObject([{ pointer: '/allow/0' }]),
  )

  test('refuses a config that names no network', () => {
    expect(checkPolicyConfig('ip-filter', {})).toHaveLength(1)
  })
})
