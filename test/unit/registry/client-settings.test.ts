import { expect, test } from '@jest/globals'
import { clientFaults, hasSecret } from '../../../registry/client-settings.ts'
import { ClientSettings } from '../../../registry/oauth-model.ts'

const faultsOf = (settings: object, kind: 'oauth-client' | 'api-key' = 'oauth-client') =>
  clientFaults({ kind, oauth: ClientSettings.parse(settings) }).map(({ pointer }) => pointer)

test('a client with settings by default has no faults, and an API key no settings', () => {
  expect(faultsOf({})).toEqual([])
  expect(faultsOf({}, 'api-key')).toEqual(['/oauth'])
})

test('faults are named by pointer into the credential', () => {
  expect(faultsOf({ authentication: 'private_key_jwt' })).toEqual(['/oauth/jwks'])
  expect(faultsOf({ grants: ['client_credentials', 'client_credentials'] })).toEqual(['/oauth/grants/1'])
  expect(faultsOf({ authorizationDetailsTypes: ['payment_initiation'] })).toEqual([
    '/oauth/authorizationDetailsTypes',
  ])
})

test('a client has a secret of ours only where it proves itself by one', () => {
  const withAuthentication = (authentication: string) =>
    hasSecret({ kind: 'oauth-client', oauth: ClientSettings.parse({ authentication }) })
  expect(hasSecret({ kind: 'api-key', oauth: null })).toBe(true)
  expect(hasSecret({ kind: 'oauth-client', oauth: null })).toBe(true)
  expect(withAuthentication('client_secret')).toBe(true)
  expect(withAuthentication('private_key_jwt')).toBe(false)
  expect(withAuthentication('none')).toBe(false)
})
