import { beforeEach, describe, expect, test } from '@jest/globals'
import { createProtectedResources } from '../../../gateway/protected-resources.ts'
import type { PublishedVersion, Snapshot } from '../../../registry/model.ts'

const known = '/.well-known/oauth-protected-resource'
const publicUrl = 'https://api.bank.example'

const version = (routing: object, more: object = {}) =>
  ({
    name: 'v1',
    routing,
    scopes: ['payments:write', 'accounts:read'],
    policies: {},
    operations: {},
    ...more,
  }) as PublishedVersion
const snapshotOf = (versions: PublishedVersion[], policies: object = {}) =>
  ({ policies, apis: [{ title: 'Payments', policies: {}, versions }] }) as unknown as Snapshot

let snapshot: Snapshot | undefined
let find: ReturnType<typeof createProtectedResources>
beforeEach(() => {
  snapshot = snapshotOf([version({ by: 'path', basePath: '/pay/v1' })])
  find = finder()
})
const finder = (more: object = {}) =>
  createProtectedResources({ snapshot: () => snapshot, publicUrl, takesCertificates: false, ...more })

describe('the metadata of a version', () => {
  test('say what it is, who gives out tokens for it, and how they are sent', () => {
    expect(find('api.bank.example', `${known}/pay/v1`)).toEqual({
      resource: 'https://api.bank.example/pay/v1',
      authorization_servers: ['https://api.bank.example'],
      scopes_supported: ['accounts:read', 'payments:write'],
      bearer_methods_supported: ['header'],
      tls_client_certificate_bound_access_tokens: false,
      dpop_signing_alg_values_supported: ['PS256', 'ES256', 'EdDSA', 'Ed25519'],
      resource_name: 'Payments v1',
      dpop_bound_access_tokens_required: false,
    })
  })

  test('name the resource by our own settings, whatever host the caller names', () => {
    expect(find('evil.example', `${known}/pay/v1`)).toMatchObject({
      resource: 'https://api.bank.example/pay/v1',
    })
  })

  test('of a host are found there, and not elsewhere', () => {
    const hosts = ['pay.bank.example', '*.pay.bank.example']
    snapshot = snapshotOf([version({ by: 'host', hosts, basePath: '/v1' })])
    expect(find('pay.bank.example', `${known}/v1`)).toMatchObject({ resource: 'https://pay.bank.example/v1' })
    expect(find('a.pay.bank.example', `${known}/v1`)).toMatchObject({
      resource: 'https://a.pay.bank.example/v1',
    })
    expect(find('api.bank.example', `${known}/v1`)).toBeUndefined()
  })

  test('are not found by another path', () => {
    for (const path of [`${known}/pay`, `${known}/pay/v1/payment`, `${known}/pay/v11`, '/pay/v1'])
      expect(find('api.bank.example', path)).toBeUndefined()
  })

  test('of versions that a header tells apart are one', () => {
    const by = (value: string) => ({ by: 'header', basePath: '/pay', header: 'x-version', value })
    snapshot = snapshotOf([version(by('1'), { scopes: ['a'] }), version(by('2'), { scopes: ['b'] })])
    expect(find('x', `${known}/pay`)).toMatchObject({
      scopes_supported: ['a', 'b'],
      resource_name: 'Payments',
    })
  })

  test('follow the path of the public address', () => {
    const behind = finder({ publicUrl: 'https://bank.example/gateway/' })
    expect(behind('bank.example', `${known}/gateway/pay/v1`)).toMatchObject({
      resource: 'https://bank.example/gateway/pay/v1',
      authorization_servers: ['https://bank.example/gateway'],
    })
    expect(behind('bank.example', `${known}/gateway`)).toMatchObject({
      resource: 'https://bank.example/gateway',
    })
  })

  test('are none where no access tokens are taken', () => {
    const policies = { authenticate: { methods: ['api-key'] } }
    snapshot = snapshotOf([version({ by: 'path', basePath: '/pay/v1' }, { policies })])
    expect(find('api.bank.example', `${known}/pay/v1`)).toBeUndefined()
    snapshot = snapshotOf([version({ by: 'path', basePath: '/pay/v1' })], { authenticate: null })
    expect(find('api.bank.example', `${known}/pay/v1`)).toBeUndefined()
  })

  test('say whether tokens must be bound to a key', () => {
    snapshot = snapshotOf([version({ by: 'path', basePath: '/pay/v1' })], {
      authenticate: { requireBoundTokens: true },
    })
    const required = (of = find) => of('x', `${known}/pay/v1`)!.dpop_bound_access_tokens_required
    expect(required()).toBe(true)
    expect(required(finder({ takesCertificates: true }))).toBe(false) // or to a certificate
  })

  test('say that payments must have been allowed, where they must', () => {
    const operations = { pay: { policies: { 'payment-authorization': {} } } }
    snapshot = snapshotOf([version({ by: 'path', basePath: '/pay/v1' }, { operations })])
    expect(find('x', `${known}/pay/v1`)).toMatchObject({
      authorization_details_types_supported: ['payment_initiation'],
    })
  })

  test('are those of the snapshot in force', () => {
    expect(find('x', `${known}/pay/v1`)).toBeDefined()
    snapshot = snapshotOf([version({ by: 'path', basePath: '/pay/v2' })])
    expect(find('x', `${known}/pay/v1`)).toBeUndefined()
    expect(find('x', `${known}/pay/v2`)).toBeDefined()
    snapshot = undefined
    expect(find('x', `${known}/pay/v2`)).toBeUndefined()
  })
})

test('the gateway as a whole has the scopes of all that is found by its path', () => {
  expect(find('x', known)).toMatchObject({
    resource: publicUrl,
    scopes_supported: ['accounts:read', 'payments:write'],
  })
})
