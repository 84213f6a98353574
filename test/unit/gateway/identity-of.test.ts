import { expect, test } from '@jest/globals'
import { identityOf } from '../../../gateway/identity-of.ts'
import type { IdentityRecord } from '../../../registry/credentials.ts'

const record: IdentityRecord = {
  partnerId: 'partner_1',
  applicationId: 'app_1',
  credentialId: 'cred_1',
  environment: 'live',
  secretId: null,
  kind: 'oauth-client',
  scopes: ['payments:read'],
  subscriptions: [{ versionId: 'ver_1', planId: 'plan_1', scopes: ['payments:read'] }],
  expiresAt: null,
  grant: null,
}

test('an identity without scopes and without subscriptions has an empty set and an empty map', () => {
  const identity = identityOf({ ...record, scopes: [], subscriptions: [] }, 'bearer')!
  expect(identity.scopes).toEqual(new Set())
  expect(identity.subscriptions).toEqual(new Map())
  expect(identityOf({ ...record, subscriptions: [] }, 'api-key')!.subscriptions.get('ver_1')).toBeUndefined()
})

test('those with the same subscriptions share them, and their scopes', () => {
  const one = identityOf(record, 'bearer')!
  const other = identityOf(structuredClone({ ...record, credentialId: 'cred_2' }), 'bearer')!
  expect(other).not.toBe(one)
  expect(other.subscriptions).toBe(one.subscriptions)
  expect(other.scopes).toBe(one.scopes)
})
