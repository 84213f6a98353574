import { describe, expect, test } from '@jest/globals'
import type { SigningKey } from '../../../registry/model.ts'
import { dueWork } from '../../../registry/signing-key-life.ts'

const day = 86_400_000
const life = { algorithm: 'ES256', maxAgeMs: 90 * day, aheadMs: day } as const
const key = (id: string, signsFrom: number): SigningKey => ({
  id,
  createdAt: 0,
  updatedAt: 0,
  algorithm: 'ES256',
  signsFrom,
  publicJwk: { kty: 'EC', kid: id },
  sealedPrivateJwk: '',
})

describe('what is due for the signing keys', () => {
  test('is a first key that signs at once where there is none', () => {
    expect(dueWork([], 1_000, life)).toEqual({ makeFrom: 1_000, prune: [] })
  })

  test('is nothing while the key is young, and the next one a day before it is old', () => {
    expect(dueWork([key('a', 0)], 89 * day - 1, life).makeFrom).toBeUndefined()
    expect(dueWork([key('a', 0)], 89 * day, life).makeFrom).toBe(90 * day)
  })

  test('lets a next key be published in full, however late it is made', () => {
    expect(dueWork([key('a', 0)], 200 * day, life).makeFrom).toBe(201 * day)
  })

  test('is no second next key, and none at all where keys do not grow old', () => {
    expect(dueWork([key('a', 0), key('b', 90 * day)], 89.5 * day, life).makeFrom).toBeUndefined()
    expect(dueWork([key('a', 0)], 1_000 * day, { ...life, maxAgeMs: 0 }).makeFrom).toBeUndefined()
  })

  test('is an end to a key once the longest token signed with it has expired, and not before', () => {
    const keys = [key('a', 0), key('b', 90 * day)]
    expect(dueWork(keys, 91 * day, life).prune).toEqual([])
    expect(dueWork(keys, 91 * day + 300_000, life).prune.map(({ id }) => id)).toEqual(['a'])
  })
})
