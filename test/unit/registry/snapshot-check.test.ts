import { describe, expect, test } from '@jest/globals'
import {
  Operation,
  Plan,
  PublishedApi,
  PublishedVersion,
  SealedUpstream,
  type Snapshot,
} from '../../../registry/model.ts'
import { addressesOf, routesOf } from '../../../registry/routes.ts'
import { check } from '../../../registry/snapshot-check.ts'
import { diffSnapshots } from '../../../registry/snapshot-diff.ts'
import { emptySnapshot } from '../../../registry/snapshot-store.ts'

const times = { createdAt: 1, updatedAt: 1 }
const bank = SealedUpstream.parse({
  id: 'ups_1',
  name: 'bank',
  ...times,
  targets: [{ id: 'a', url: 'http://a:1' }],
})
const operation = (path: string, method = 'GET') =>
  Operation.parse({ id: `${method.toLowerCase()} ${path}`, method, path })
const byPath = (basePath: string) => ({ by: 'path', basePath }) as const

function version(name: string, parts: Partial<PublishedVersion> = {}): PublishedVersion {
  return PublishedVersion.parse({
    id: `ver_${name}`,
    apiId: 'api_1',
    name,
    ...times,
    routing: byPath(`/${name}`),
    upstreams: { live: 'ups_1' },
    revision: 1,
    sha256: '',
    scopes: [],
    routes: [operation('/a/{id}')],
    ...parts,
  })
}
function api(name: string, versions: PublishedVersion[], parts: Partial<PublishedApi> = {}): PublishedApi {
  return PublishedApi.parse({ id: `api_${name}`, name, title: name, ...times, versions, ...parts })
}
const snapshot = (apis: PublishedApi[], parts: Partial<Snapshot> = {}): Snapshot => ({
  ...emptySnapshot,
  apis,
  upstreams: [bank],
  ...parts,
})
const fine = () => []
const pointers = (s: Snapshot) => check(s, fine).map(({ pointer }) => pointer)

describe('the check of a snapshot', () => {
  test('finds nothing wrong with a whole one', () => {
    expect(check(snapshot([api('pay', [version('v1'), version('v2')])]), fine)).toEqual([])
  })

  test('finds references to nothing, and versions that lead nowhere', () => {
    const broken = version('v1', { upstreams: { sandbox: 'ups_9' }, plans: ['plan_9'] })
    expect(
      pointers(snapshot([api('pay', [broken, version('v2', { upstreams: {} })]), api('empty', [])])),
    ).toEqual([
      '/apis/pay/versions/v1/upstreams/sandbox',
      '/apis/pay/versions/v1/plans/0',
      '/apis/pay/versions/v2/upstreams',
      '/apis/empty',
    ])
  })

  test('finds settings of an operation that the document does not have', () => {
    const operations = { 'get /gone': { policies: {} }, 'get /a/{id}': { policies: {} } }
    expect(pointers(snapshot([api('pay', [version('v1', { operations })])]))).toEqual([
      '/apis/pay/versions/v1/operations/get ~1gone',
    ])
  })

  test('asks for every policy at every level, but not for those that are switched off', () => {
    const policies = { limit: { x: 1 }, cors: null }
    const whole = snapshot(
      [api('pay', [version('v1', { policies, operations: { 'get /a/{id}': { policies } } })], { policies })],
      {
        policies,
        plans: [Plan.parse({ id: 'plan_1', name: 'gold', title: 'Gold', ...times, policies })],
      },
    )
    const asked: string[] = []
    const errors = check(whole, (name) => {
      asked.push(name)
      return [{ pointer: '/x', detail: 'is wrong' }]
    })
    expect(new Set(asked)).toEqual(new Set(['limit']))
    expect(errors.map(({ pointer }) => pointer)).toEqual([
      '/policies/limit/x',
      '/plans/gold/policies/limit/x',
      '/apis/pay/policies/limit/x',
      '/apis/pay/versions/v1/policies/limit/x',
      '/apis/pay/versions/v1/operations/get ~1a~1{id}/policies/limit/x',
    ])
  })

  const header = (value: string, isDefault = false) =>
    ({ routing: { by: 'header', basePath: '/pay', header: 'api-version', value, isDefault } }) as const
  const hosts = (...names: string[]) => ({ routing: { by: 'host', basePath: '/pay', hosts: names } }) as const
  const path = { routing: byPath('/pay') }

  test.each([
    ['the same base path', path, path, true],
    ['different base paths', path, { routing: byPath('/other') }, false],
    ['parameters of other names', path, { ...path, routes: [operation('/a/{key}')] }, true],
    ['a parameter inside a segment', path, { ...path, routes: [operation('/a/{id}.json')] }, false],
    ['another method', path, { ...path, routes: [operation('/a/{id}', 'POST')] }, false],
    ['the same header value', header('1'), header('1'), true],
    ['different header values', header('1'), header('2'), false],
    ['two defaults', header('1', true), header('2', true), true],
    ['a default and none', header('1', true), path, true],
    ['a header that is required and none', header('1'), path, false],
    ['one host in common', hosts('a.example', 'b.example'), hosts('b.example'), true],
    ['different hosts', hosts('a.example'), hosts('b.example'), false],
    ['a host and any host', hosts('a.example'), path, false],
  ])('says of two versions with %s whether they collide', (_, one, two, collide) => {
    const errors = check(snapshot([api('pay', [version('v1', one), version('v2', two)])]), fine)
    expect(errors.length > 0).toBe(collide)
    if (collide) {
      expect(errors[0]!.detail).toContain('pay v1 get /a/{id}')
      expect(errors[0]!.detail).toContain('pay v2 get /a/{')
    }
  })
})

describe('the routes of a version', () => {
  test('are its operations under its base path, with hosts and header', () => {
    const v1 = version('v1', { routing: { by: 'host', basePath: '/pay', hosts: ['a.example'] } })
    const [route] = routesOf(v1)
    expect(route).toMatchObject({ hosts: ['a.example'], header: null, method: 'GET', path: '/pay/a/{id}' })
    expect(addressesOf(route!)).toEqual(['GET a.example/pay/a/{}'])
  })
})

describe('the diff of two snapshots', () => {
  test('names what came, what went and what changed, down to the operation', () => {
    const before = snapshot([api('pay', [version('v1'), version('v2')])])
    const after = snapshot([
      api('pay', [version('v1', { revision: 2, routes: [operation('/a/{id}'), operation('/b')] })], {
        title: 'Pay',
      }),
    ])
    expect(
      diffSnapshots(before, after).entries.map(({ change, name, fields }) => [change, name, fields.length]),
    ).toEqual([
      ['changed', 'pay', 1],
      ['changed', 'pay v1', 1],
      ['removed', 'pay v2', 0],
      ['added', 'pay v1 get /b', 0],
      ['removed', 'pay v2 get /a/{id}', 0],
    ])
  })

  test('is empty when only times differ, and never shows what is sealed', () => {
    const before = snapshot([], { upstreams: [{ ...bank, sealedCredential: 'v1.one.x' }] })
    expect(
      diffSnapshots(before, { ...before, upstreams: [{ ...before.upstreams[0]!, updatedAt: 9 }] }).entries,
    ).toEqual([])
    const { entries } = diffSnapshots(
      before,
      snapshot([], { upstreams: [{ ...bank, sealedCredential: 'v1.two.y' }] }),
    )
    expect(entries[0]!.fields).toEqual([
      { pointer: '/sealedCredential', before: '[sealed]', after: '[sealed]' },
    ])
  })
})
