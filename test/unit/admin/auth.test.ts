import { describe, expect, test } from '@jest/globals'
import { requirePermission } from '../../../admin/auth/permissions.ts'
import { may } from '../../../admin/auth/rules.ts'
import { withoutSecrets } from '../../../admin/requests.ts'
import { networkOf } from '../../../registry/base/network.ts'

describe('permissions', () => {
  test('admin includes every other; no other includes another', () => {
    expect(may(['admin'], 'publish')).toBe(true)
    expect(may(['write'], 'read')).toBe(false)
    expect(may(['read', 'write', 'publish', 'credentials'], 'admin')).toBe(false)
  })

  test('admin does not reach into a partner', () => {
    expect(may(['admin'], 'portal:read')).toBe(false)
  })

  test('a lack is said with the name of what is missing', () => {
    const caller = { id: 'adm_1', permissions: ['read'], session: undefined }
    expect(() => requirePermission(caller, 'publish')).toThrow(
      expect.objectContaining({
        code: 'access-denied',
        headers: { 'WWW-Authenticate': expect.stringContaining('scope="publish"') },
      }),
    )
  })
})

describe('the network that failed tries are counted by', () => {
  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff::1', '2001:db8:1:2::/64'],
    ['', 'unknown'],
  ])('of %j is %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})

test('a secret pasted into an address does not reach the log', () => {
  expect(withoutSecrets('/api/credentials/pgk_live_abcdefgh12345678/revoke')).toBe(
    '/api/credentials/[hidden]/revoke',
  )
})
