import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { canonicalPath } from '../../../gateway/path.ts'

describe('canonicalPath', () => {
  test.each([
    ['/', '/'],
    ['/payments/v1', '/payments/v1'],
    ['/payments/', '/payments/'],
    ['/a%20b', '/a%20b'],
    ['/%7Euser', '/~user'],
    ['/%41bc', '/Abc'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/a;b=c', '/a;b=c'],
    ['/...', '/...'],
    ['/.well', '/.well'],
    ['/a..b', '/a..b'],
  ])('reads %s as %s', (raw, canonical) => {
    expect(canonicalPath(raw)).toBe(canonical)
  })

  test.each([
    ['//a', 'an empty segment'],
    ['/a//b', 'an empty segment'],
    ['/a//', 'an empty segment'],
    ['/a/../b', 'a dot segment'],
    ['/a/..', 'a dot segment'],
    ['/./a', 'a dot segment'],
    ['/a/%2e%2e/b', 'a dot segment'],
    ['/a/.%2E', 'a dot segment'],
    ['/a%2fb', 'an encoded slash'],
    ['/a%5Cb', 'an encoded slash'],
    ['/a\\b', 'a backslash'],
    ['/a%00', 'an encoded control character'],
    ['/a%0D%0a', 'an encoded control character'],
    ['/a/..;b', 'a dot segment'],
    ['/%2e%3B/a', 'a dot segment'],
    ['/%c0%ae', 'an overlong escape'],
    ['/a%zz', 'a broken escape'],
    ['/a%2', 'a broken escape'],
    ['/a b', 'must be escaped'],
    ['/é', 'must be escaped'],
    ['a/b', 'does not begin with a slash'],
  ])('refuses %s: it holds %s', (raw, why) => {
    expect(() => canonicalPath(raw)).toThrow(why)
  })

  test('is stable: what it gives, it gives again', () => {
    fc.assert(
      fc.property(fc.webPath(), (path) => {
        let once: string
        try {
          once = canonicalPath(path || '/')
        } catch {
          return
        }
        expect(canonicalPath(once)).toBe(once)
      }),
    )
  })
})
