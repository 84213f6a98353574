import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  hashSecret,
  hintOf,
  looksLikeSecret,
  newSecret,
  type SecretKind,
  secretPrefixes,
} from '../../../../registry/base/secrets.ts'

const kinds = Object.keys(secretPrefixes) as SecretKind[]

describe('a secret', () => {
  test.each(kinds)('of kind %s has its prefix and a checksum, and is like no other kind', (kind) => {
    const secret = newSecret(kind)
    expect(secret.startsWith(secretPrefixes[kind])).toBe(true)
    expect(kinds.filter((other) => looksLikeSecret(other, secret))).toEqual([kind])
    expect(newSecret(kind)).not.toBe(secret)
  })

  test('is told from one with a typing error without being looked up', () => {
    const secret = newSecret('api-key:live')
    fc.assert(
      fc.property(fc.nat(secret.length - 1), fc.constantFrom(...'0aZ_-é '), (at, letter) => {
        const typo = secret.slice(0, at) + letter + secret.slice(at + 1)
        expect(looksLikeSecret('api-key:live', typo)).toBe(typo === secret)
      }),
    )
    expect(looksLikeSecret('api-key:live', '')).toBe(false)
    expect(looksLikeSecret('api-key:live', `${secret}a`)).toBe(false)
  })

  test('is shown by a hint that gives away six letters', () => {
    const secret = newSecret('api-key:live')
    expect(hintOf(secret)).toBe(`${secret.slice(0, 13)}…${secret.slice(-2)}`)
  })

  test('is hashed under the platform’s key: the same key gives the same hash, another key another', () => {
    const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
    expect(hashSecret(one, 'a')).toBe(hashSecret(one, 'a'))
    expect(hashSecret(one, 'a')).not.toBe(hashSecret(two, 'a'))
    expect(hashSecret(one, 'a')).toMatch(/^[\w-]{43}$/)
  })
})
