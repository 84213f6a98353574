import { describe, expect, test } from '@jest/globals'
import { cors } from '../../../policies/cors.ts'
import { getHeader } from '../../../policies/header-list.ts'
import { checkPolicyConfig } from '../../../policies/index.ts'
import { ask, compile, exchange } from '../../support/policy-run.ts'

const shop = 'https://shop.example'
const from = (origin: string) => exchange({ headers: { origin } })
const preflight = (origin: string) =>
  exchange({ method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } })

describe('cors', () => {
  test('tells a listed origin that it may read the answer', async () => {
    const x = from(shop)
    expect(await ask(compile(cors, { origins: [shop], exposedHeaders: ['X-Total'] }), x)).toBeUndefined()
    expect(x.responseHeaders).toEqual([
      'Vary',
      'Origin',
      'Access-Control-Allow-Origin',
      shop,
      'Access-Control-Expose-Headers',
      'X-Total',
    ])
  })

  test.each([
    'https://evil.example',
    'https://shop.example.evil.example',
    'http://shop.example',
    'https://SHOP.example',
    'null',
    `${shop}:8443`,
  ])('tells %s nothing', async (origin) => {
    for (const x of [from(origin), preflight(origin)]) {
      await ask(compile(cors, { origins: [shop] }), x)
      expect(getHeader(x.responseHeaders, 'access-control-allow-origin')).toBeUndefined()
      expect(JSON.stringify(x.responseHeaders)).not.toContain(origin)
    }
  })

  test('answers a preflight itself', async () => {
    const x = preflight(shop)
    const hooks = compile(cors, {
      origins: [shop],
      methods: ['POST'],
      requestHeaders: ['X-A'],
      maxAgeSeconds: 60,
    })
    expect(await ask(hooks, x)).toEqual({ status: 204, headers: [] })
    expect(getHeader(x.responseHeaders, 'access-control-allow-methods')).toBe('POST')
    expect(getHeader(x.responseHeaders, 'access-control-allow-headers')).toBe('X-A')
    expect(getHeader(x.responseHeaders, 'access-control-max-age')).toBe('60')
  })

  test('leaves an OPTIONS call that is no preflight to the service', async () => {
    const x = exchange({ method: 'OPTIONS', headers: { origin: shop } })
    expect(await ask(compile(cors, { origins: [shop] }), x)).toBeUndefined()
  })

  test('makes caches keep answers apart even for calls without an origin', async () => {
    const x = exchange()
    await ask(compile(cors, { origins: [shop] }), x)
    expect(x.responseHeaders).toEqual(['Vary', 'Origin'])
  })

  test('says * for all origins, and does not vary then', async () => {
    const x = from('https://any.example')
    await ask(compile(cors, { origins: ['*'] }), x)
    expect(x.responseHeaders).toEqual(['Access-Control-Allow-Origin', '*'])
  })

  test('allows credentials to listed origins only', async () => {
    const x = from(shop)
    await ask(compile(cors, { origins: [shop], allowsCredentials: true }), x)
    expect(getHeader(x.responseHeaders, 'access-control-allow-credentials')).toBe('true')
    expect(checkPolicyConfig('cors', { origins: ['*'], allowsCredentials: true })).toMatchObject([
      { pointer: '/allowsCredentials' },
    ])
  })

  test.each(['shop.example', `${shop}/`, `${shop}:443`, 'https://*.example', 'null', 'https://Shop.example'])(
    'refuses the config origin %s, which no browser would send',
    (origin) => expect(checkPolicyConfig('cors', { origins: [origin] })).toHaveLength(1),
  )

  test('drops what the service says of origins', () => {
    const headers = [
      'Access-Control-Allow-Origin',
      '*',
      'X-A',
      '1',
      'access-control-max-age',
      '9',
      'X-B',
      '2',
    ]
    const x = exchange({}, { response: { status: 200, headers } })
    compile(cors, { origins: [shop] }).onResponse!(x)
    expect(headers).toEqual(['X-A', '1', 'X-B', '2'])
  })
})
