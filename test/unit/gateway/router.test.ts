import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createRouter } from '../../../gateway/router.ts'

const routerOf = (...templates: string[]) => {
  const router = createRouter<string>()
  for (const template of templates) router.add(template, template)
  return router
}

describe('router', () => {
  test('finds literal paths and parameters, decoded', () => {
    const router = routerOf('/payments', '/accounts/{id}/balance')
    expect(router.find('/payments')).toMatchObject({ value: '/payments', params: {} })
    expect(router.find('/accounts/acc%201/balance')?.params).toEqual({ id: 'acc 1' })
  })

  test.each(['/', '/payment', '/payments/', '/accounts//balance', '/accounts/a', '/accounts/a/balance/x'])(
    'finds nothing at %s',
    (path) => {
      expect(routerOf('/payments', '/accounts/{id}/balance').find(path)).toBeUndefined()
    },
  )

  test('prefers a literal segment to a parameter, and goes back when it leads nowhere', () => {
    const router = routerOf('/a/{x}/c', '/a/b/d')
    expect(router.find('/a/b/d')?.value).toBe('/a/b/d')
    expect(router.find('/a/b/c')).toMatchObject({ value: '/a/{x}/c', params: { x: 'b' } })
  })

  test('reads segments that mix text and parameters, the more exact first', () => {
    const router = routerOf('/p/{id}', '/p/{id}:cancel', '/p/{from}..{to}', '/p/v{n}.json')
    expect(router.find('/p/1:cancel')).toMatchObject({ value: '/p/{id}:cancel', params: { id: '1' } })
    expect(router.find('/p/1..9')).toMatchObject({ value: '/p/{from}..{to}', params: { from: '1', to: '9' } })
    expect(router.find('/p/v3.json')).toMatchObject({ value: '/p/v{n}.json', params: { n: '3' } })
    expect(router.find('/p/:cancel')).toMatchObject({ value: '/p/{id}' })
  })

  test('takes ten thousand mixed segments in one place', () => {
    const router = createRouter<number>()
    for (let i = 0; i < 10_000; i++) router.add(`/p/{id}:a${i}`, i)
    expect(router.find('/p/1:a9999')).toMatchObject({ value: 9_999, params: { id: '1' } })
    expect(router.find('/p/1:a7')).toMatchObject({ value: 7 })
  })

  test('a template with other parameter names is the same place', () => {
    expect(routerOf('/a/{x}').at('/a/{y}')).toBe('/a/{x}')
  })

  test('the root and a slash at the end are places of their own', () => {
    const router = routerOf('/', '/a', '/a/')
    expect(['/', '/a', '/a/'].map((path) => router.find(path)?.value)).toEqual(['/', '/a', '/a/'])
  })

  test('a parameter named like an object’s own property does no harm', () => {
    expect(routerOf('/{__proto__}').find('/x')?.params).toEqual(
      Object.assign(Object.create(null), JSON.parse('{"__proto__": "x"}')),
    )
  })

  test('keeps apart many patterns of one segment', () => {
    const templates = Array.from({ length: 50 }, (_, i) => `/{id}:do-${i}`)
    const router = routerOf(...templates, '/{id}')
    for (const [i, template] of templates.entries()) {
      expect(router.find(`/7:do-${i}`)!.value).toBe(template)
      expect(router.at(`/{other}:do-${i}`)).toBe(template)
    }
    expect(router.find('/7')!.value).toBe('/{id}')
  })

  test('finds a literal segment beside others, and alone', () => {
    const router = routerOf('/a/b', '/a/c', '/a/d', '/x/y')
    for (const path of ['/a/b', '/a/c', '/a/d', '/x/y']) expect(router.find(path)!.value).toBe(path)
    for (const path of ['/a', '/a/', '/a/e', '/x/b', '/x']) expect(router.find(path)).toBeUndefined()
  })

  test('finds every template that was added, whatever the others are', () => {
    const segment = fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('{x}', '{y}:go', 'v{n}'))
    const template = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`)
    fc.assert(
      fc.property(fc.uniqueArray(template, { maxLength: 30 }), (templates) => {
        const router = routerOf(...templates)
        for (const one of templates) {
          const path = one.replaceAll(/\{\w+\}/g, 'q7')
          const found = router.find(path)!.value
          // Another template may have the same shape, or say the path more exactly; it matches in any case.
          const pattern = new RegExp(`^${found.replaceAll(/\{\w+\}/g, '[^/]+')}$`)
          expect(path).toMatch(pattern)
        }
      }),
    )
  })
})
