import { expect, test } from '@jest/globals'
import { createDestinations, isPublicAddress } from '../../../../gateway/outbound/addresses.ts'

test.each(['8.8.8.8', '203.0.114.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
  '%s is of the Internet',
  (address) => {
    expect(isPublicAddress(address)).toBe(true)
  },
)

test.each([
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '192.0.0.8',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  'fc00::1',
  'fd12::1',
  'fe80::1',
  'fec0::1',
  'ff02::1',
  'localhost',
  '',
])('%s is not', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

test('a network that the operator names may be reached, and no other', () => {
  const mayReach = createDestinations(['10.1.0.0/16', '::1'])
  expect(['10.1.2.3', '::1', '8.8.8.8'].map(mayReach)).toEqual([true, true, true])
  expect(['10.2.0.1', '127.0.0.1', '::2'].map(mayReach)).toEqual([false, false, false])
})
