import { describe, expect, test } from '@jest/globals'
import { PublishedApi, PublishedVersion, type Routing } from '../../../registry/model.ts'
import { overlaps } from '../../../registry/snapshot-overlaps.ts'

const times = { createdAt: 1, updatedAt: 1 }

function api(name: string, ...routings: Routing[]): PublishedApi {
  const versions = routings.map((routing, i) =>
    PublishedVersion.parse({
      id: `ver_${name}_${i}`,
      apiId: `api_${name}`,
      name: `v${i + 1}`,
      ...times,
      routing,
      revision: 1,
      sha256: '',
      scopes: [],
      routes: [],
    }),
  )
  return PublishedApi.parse({ id: `api_${name}`, name, title: name, ...times, versions })
}
const path = (basePath: string): Routing => ({ by: 'path', basePath })
const host = (basePath: string, ...hosts: string[]): Routing => ({ by: 'host', basePath, hosts })
const between = (a: Routing, b: Routing) =>
  overlaps({ apis: [api('cards', a), api('wallet', b)] }, ['api_cards', 'api_wallet'])

describe('base paths that lead into one another', () => {
  test.each([
    ['one inside the other', path('/payments'), path('/payments/v1')],
    ['the same, one on a host of its own', path('/payments'), host('/payments', 'pay.bank.example')],
    ['on a host that a wildcard covers', host('', '*.bank.example'), host('/v1', 'pay.bank.example')],
  ])('are told once: %s', (_, a, b) => {
    expect(between(a, b)).toEqual([
      expect.objectContaining({ code: 'base-paths-overlap', pointer: '/apis/cards/versions/v1/routing' }),
    ])
  })

  test.each([
    ['side by side', path('/payments/v1'), path('/payments/v2')],
    ['one a beginning of the other’s first segment', path('/pay'), path('/payments')],
    ['on other hosts', host('/v1', 'a.example'), host('/v1', 'b.example')],
    ['on a host deeper than the wildcard', host('', '*.bank.example'), host('', 'a.pay.bank.example')],
  ])('are not seen where there are none: %s', (_, a, b) => {
    expect(between(a, b)).toEqual([])
  })

  test('are told of what is being published, and not among the versions of one API', () => {
    const apis = [api('cards', path('/payments'), path('/payments/v1')), api('wallet', path('/payments/w'))]
    expect(overlaps({ apis }, [])).toEqual([])
    expect(overlaps({ apis }, ['api_wallet'])).toEqual([
      expect.objectContaining({ pointer: '/apis/wallet/versions/v1/routing' }),
    ])
  })
})
